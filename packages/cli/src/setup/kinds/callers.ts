import {
  type AdminConnection,
  applyStep,
  type Caller,
  type CallersState,
  planCallers,
  readCallers,
} from '../../admin/index.ts';
import type { PlanPart } from '../../plan/part.ts';
import { toRealmPart } from '../../plan/realm-part.ts';
import { runPlan } from '../../plan/run-plan.ts';
import type { Output } from '../../terminal/output.ts';
import { needClientId, openVisit, type RealmVisit } from '../visit.ts';

/** Clients that call an API, as a part of a plan. */
export function toCallersPart(
  title: string,
  api: AdminConnection['api'],
  goal: { readonly realm: string; readonly clientId: string; readonly callers: readonly Caller[] },
  state: CallersState,
  out: Output,
): PlanPart {
  return toRealmPart(title, planCallers(state, goal), (step) => applyStep(api, goal, step), out);
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
 * @param apiClientId client of the API, if a flag names it
 * @param title what the plan is about, behind the realm
 * @param say what a person needs to know, once it is so
 */
export async function setUpCallers(
  visit: RealmVisit,
  apiClientId: string | undefined,
  callers: readonly Caller[],
  title: (clientId: string) => string,
  say: (where: CalledApi, isNew: boolean) => void,
  out: Output,
): Promise<number> {
  const known = apiClientId ?? visit.settings('KEYCLOAK_CLIENT_ID');
  const { api, serverUrl, realm, answers, questions } = await openVisit(
    visit,
    out,
    async (need, hasDefaults) => [await needClientId(known, hasDefaults, need)],
  );
  const [clientId = ''] = answers;
  const goal = { realm, clientId, callers };
  const line = `Keycloak at ${serverUrl}, realm ${realm}: ${title(clientId)}`;
  const part = toCallersPart(line, api, goal, await readCallers(api, goal), out);
  const { what, code } = await runPlan([part], visit, out, questions);
  const isThere = code === 0 && (what === 'applied' || what === 'nothing');
  if (isThere) say({ serverUrl, realm, clientId }, what === 'applied');
  return code;
}
