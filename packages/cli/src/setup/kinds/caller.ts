import {
  type ClientsState,
  isDevCaller,
  planDevCaller,
  readClients,
  TOKEN_CALLBACK,
  toDevId,
} from '../../admin/callers.ts';
import type { AdminConnection } from '../../admin/connection.ts';
import { NO_PART, type PlanPart, runPlan, toPart, toRealmPart } from '../../plan/run-plan.ts';
import { table, toHelp } from '../../settings/options.ts';
import { type Output, toPlainLine, toShellWord } from '../../terminal/output.ts';
import type { Questions } from '../../terminal/questions.ts';
import type { ApiOptions } from '../api/options.ts';
import { type Beside, proveLogin, TIMEOUT_MS } from '../api/set-up.ts';
import { CLIENT, CLIENT_OPTIONS, openVisit, readKind, readVisit, type SetupKind, toUsage } from '../visit.ts';
import { readFuture } from './callers.ts';

const REMOVE = table(`
--remove | | remove it again, if setup made it
`);

const USAGE = toUsage(`keycloak-guard setup caller: a first token for an API, in development

Creates the public client <api>-dev with PKCE, whose answers go to this machine alone (http://127.0.0.1/callback, any port)
and whose tokens are for the API. keycloak-guard token signs in with it. Its description in Keycloak says what it is for.

Usage: keycloak-guard setup caller --client-id <api> [options]

${toHelp({ ...CLIENT, ...REMOVE })}`);

export const DEV_CALLER = table(`
--dev-caller | | also make the public client <api>-dev, with which keycloak-guard token signs in on this machine: for development. On a terminal it is asked for; see setup caller --help
`);
export const DEV_CALLER_HELP = toHelp(DEV_CALLER, 'A first token');

interface InRealm {
  readonly api: AdminConnection['api'];
  readonly realm: string;
  /** Client of the API. */
  readonly clientId: string;
}

function toDevPart(title: string, at: InRealm, state: ClientsState, out: Output): PlanPart {
  return toRealmPart(title, planDevCaller(state, at.realm, at.clientId), at.api, at, out);
}

/** Removes the development caller, and no client that setup did not make. */
function toRemovalPart(title: string, { api, realm, clientId }: InRealm, state: ClientsState): PlanPart {
  const name = toDevId(clientId);
  const subject = `client ${name}`;
  const there = state.others.get(name);
  if (there?.id === undefined) return { ...NO_PART, title };
  if (!isDevCaller(there)) {
    const fix = `Clients > ${name} > Action > Delete, if nobody needs it`;
    return { ...NO_PART, title, blocked: [{ subject, why: 'setup did not make it', fix }] };
  }
  const step = { kind: 'delete', subject, changes: [] } as const;
  const { id } = there;
  return toPart(title, { steps: [step], kept: [], blocked: [] }, async function* () {
    await api.clients.del({ realm, id });
    yield step;
  });
}

/** Offers the development caller beside the plan of an API: by the flag, or to a person at the terminal. */
export function toDevBeside(
  { own, yes, dryRun }: ApiOptions,
  out: Output,
  questions: Questions | undefined,
): Beside {
  let isPlanned = false;
  return {
    async plan(site) {
      const { api, goal } = site;
      const at = { ...goal, api };
      const name = toDevId(at.clientId);
      const state = await readFuture(site, [name]);
      const text = `A first token: also make the public client ${name}, with which keycloak-guard token signs in on this machine? For development only`;
      isPlanned =
        own['dev-caller'] === true ||
        (questions !== undefined &&
          !yes &&
          !dryRun &&
          !state.others.has(name) &&
          (await questions.confirm(toPlainLine(text), false)));
      return isPlanned ? [toDevPart('For development', at, state, out)] : [];
    },
    async *prove({ serverUrl, goal: { realm, clientId } }) {
      if (!isPlanned) return;
      const caller = { serverUrl, realm, clientId: toDevId(clientId), timeoutMs: TIMEOUT_MS };
      yield* proveLogin(caller, TOKEN_CALLBACK);
      out.line('A first token: npx keycloak-guard token');
    },
  };
}

export const caller: SetupKind = {
  summary: 'a first token for an API, in development: the client that keycloak-guard token uses',
  usage: USAGE,
  async run(args, { environment, out }) {
    const reading = await readKind('caller', args, { ...CLIENT_OPTIONS, ...REMOVE }, { environment });
    const { flags, positionals } = reading;
    const problems = positionals.length > 0 ? ['setup caller takes no name: the client is <api>-dev'] : [];
    const visit = await readVisit(reading, out, problems);
    const at = await openVisit(visit, out);
    const { serverUrl, realm, clientId } = at;
    const state = await readClients(at.api, at, [toDevId(clientId)]);
    const title = `Keycloak at ${serverUrl}, realm ${realm}: development of ${clientId}`;
    const part = flags.remove ? toRemovalPart(title, at, state) : toDevPart(title, at, state, out);
    const { isDone, code } = await runPlan([part], visit, out, at.questions);
    if (!isDone || flags.remove) return code;
    out.line('A first token: npx keycloak-guard token');
    const command = `npx keycloak-guard setup caller --remove --client-id ${toShellWord(clientId)}`;
    out.line(`When it has served: ${toPlainLine(command)}`);
    return code;
  },
};
