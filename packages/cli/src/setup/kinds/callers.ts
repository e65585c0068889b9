import {
  type AdminConnection,
  type Caller,
  type CallersState,
  planCallers,
  readCallers,
} from '../../admin/index.ts';
import type { PlanPart } from '../../plan/part.ts';
import { toRealmPart } from '../../plan/realm-part.ts';
import { runPlan } from '../../plan/run-plan.ts';
import type { Output } from '../../terminal/output.ts';
import { openVisit, type RealmVisit } from '../visit.ts';

/** Clients that call an API, as a part of a plan. */
export function toCallersPart(
  title: string,
  api: AdminConnection['api'],
  goal: { readonly realm: string; readonly clientId: string; readonly callers: readonly Caller[] },
  state: CallersState,
  out: Output,
): PlanPart {
  return toRealmPart(title, planCallers(state, goal), api, goal, out);
}

/** Where the callers were set up. */
export interface CalledApi {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientId: string;
}

/**
 * Sets clients up that call an API. Resolves to the exit code.
 *
 * @param title what the plan is about, behind the realm
 * @param say what a person needs to know, once it is so
 */
export async function setUpCallers(
  visit: RealmVisit,
  callers: readonly Caller[],
  title: (clientId: string) => string,
  say: (where: CalledApi, isNew: boolean) => void,
  out: Output,
): Promise<number> {
  const { api, serverUrl, realm, clientId, questions } = await openVisit(visit, out);
  const goal = { realm, clientId, callers };
  const line = `Keycloak at ${serverUrl}, realm ${realm}: ${title(clientId)}`;
  const part = toCallersPart(line, api, goal, await readCallers(api, goal), out);
  const { what, code, isDone } = await runPlan([part], visit, out, questions);
  if (isDone) say({ serverUrl, realm, clientId }, what === 'applied');
  return code;
}
