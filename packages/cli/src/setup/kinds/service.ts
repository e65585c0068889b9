import { NO_CALLERS, readClients } from '../../admin/callers.ts';
import { planEvents, readEventsState } from '../../admin/events.ts';
import { planService, scopesThatBring } from '../../admin/service.ts';
import { runPlan, toRealmPart } from '../../plan/run-plan.ts';
import { table, toHelp } from '../../settings/options.ts';
import { toPlainLine, toShellWord } from '../../terminal/output.ts';
import { planClientEnv } from '../api/env-plan.ts';
import { CREDENTIAL, CREDENTIAL_HELP, chooseCredential, sayVolume, withCredential } from '../credential.ts';
import { assertInPlan, HAND_OVER, HAND_OVER_HELP, handOver, openHandOver } from '../hand-over/hand-over.ts';
import {
  CLIENT,
  CLIENT_OPTIONS,
  isScope,
  OVERWRITE,
  openVisit,
  REALM_OPTIONS,
  readKind,
  readVisit,
  type SetupKind,
  toUsage,
} from '../visit.ts';

const SERVICE = table(`
--client-id <id> | KEYCLOAK_CLIENT_ID | client of the service (%s)
--calls <service>… | | client id of a service that it calls; commas separate several, and it can be repeated
`);

const SERVICE_USAGE = toUsage(
  `keycloak-guard setup service: a service that calls others

Creates a client with a service account that may exchange tokens, and a client scope for each service that it
calls. With --env it writes the settings of the service. What is there is completed; nothing is deleted.

Usage: keycloak-guard setup service --client-id <id> --calls <service> [options]

${toHelp({ ...SERVICE, ...OVERWRITE })}`,
  CREDENTIAL_HELP,
  HAND_OVER_HELP,
);

export const service: SetupKind = {
  summary: 'a service that calls others, in its own name and in that of its users',
  usage: SERVICE_USAGE,
  asks: [
    ['Client id of the service', 'reports', '--client-id'],
    ['Client id of the API that it calls', 'orders', '--calls'],
  ],
  async run(args, { environment, out }) {
    const options = { ...REALM_OPTIONS, ...SERVICE, ...CREDENTIAL, ...OVERWRITE, ...HAND_OVER };
    const reading = await readKind('service', args, options, { environment });
    const { flags, positionals } = reading;
    const calls = [
      ...new Set((flags.calls ?? []).flatMap((list) => list.split(',')).map((one) => one.trim())),
    ];
    const problems: string[] = [];
    if (positionals.length > 0) problems.push(`unknown argument '${positionals[0]}'`);
    if (calls.some((one) => !isScope(one)))
      problems.push('--calls must be client ids without spaces, for example orders');
    const visit = await readVisit(reading, out, problems);
    const chosen = await chooseCredential(flags);
    const file = flags['plan-for-admin'];
    if (file !== undefined) {
      assertInPlan(flags);
      const target = await openHandOver(visit);
      const others = new Map(calls.map((one) => [one, {}]));
      const plan = planService({ ...NO_CALLERS, client: undefined, others }, { ...target, calls });
      return handOver(file, { target, plan, credential: chosen }, visit, out, visit.questions);
    }
    const { api, serverUrl, realm, clientId, questions } = await openVisit(visit, out);
    const goal = { realm, clientId, calls };
    const state = await readClients(api, goal, calls);
    const [all, needed] = [planService(state, goal), `client ${clientId}`];
    const { plan, before, envFile } = await withCredential(api, goal, all, chosen, flags.env, needed);
    const part = toRealmPart(`Keycloak at ${serverUrl}, realm ${realm}`, plan, api, goal, out);
    const how = { ...visit, overwriteEnv: flags['overwrite-env'] ?? false, file: envFile, serverUrl, chosen };
    const env = await planClientEnv(api, goal, state.client, how, out, questions);
    const { isDone, code } = await runPlan([...before, part, env], visit, out, questions);
    if (!isDone) return code;
    for (const [name, value] of Object.entries(chosen?.settings ?? {}))
      out.line(`In the service: ${name}=${value}`);
    if (chosen?.goal.type === 'kubernetes') await sayVolume(serverUrl, realm, out);
    const now = await readClients(api, goal, calls);
    if (flags.env === undefined && now.client?.clientAuthenticatorType === 'client-secret')
      out.line(
        `Its secret: --env <file> writes it there, or Clients → ${toPlainLine(clientId)} → Credentials. With --credential key or kubernetes it needs none.`,
      );
    for (const called of calls) {
      const { always, optional } = scopesThatBring(now, now.client ?? {}, called);
      const scope = always.length > 0 ? '' : `, scope: '${optional[0]}'`;
      out.line(`  ${toPlainLine(`kc.fetchFor({ origin: '…', audience: '${called}'${scope} })`)}`);
    }
    out.line(
      `Who calls it needs tokens for it: npx keycloak-guard setup audience <caller> --client-id ${toShellWord(clientId)}`,
    );
    return code;
  },
};

const EVENTS_USAGE = toUsage(`keycloak-guard setup events: an API that follows Keycloak's events

Lets Keycloak keep the events that an API has to hear, and its service account read them. Events that are kept already
stay, and are kept no shorter than before.

Usage: keycloak-guard setup events [options]

${toHelp(CLIENT)}`);

export const events: SetupKind = {
  summary: "an API that follows Keycloak's events: kept, and readable by its service account",
  usage: EVENTS_USAGE,
  async run(args, { environment, out }) {
    const reading = await readKind('events', args, CLIENT_OPTIONS, { environment });
    const problems = reading.positionals.length > 0 ? ['setup events takes no name: give --client-id'] : [];
    const visit = await readVisit(reading, out, problems);
    const { api, serverUrl, realm, clientId, questions } = await openVisit(visit, out);
    const goal = { realm, clientId };
    const plan = planEvents(await readEventsState(api, goal), goal);
    if (plan.steps.some(({ subject }) => subject === `realm ${realm}`)) {
      out.line(
        "Keycloak's database gets a row of about 1 KiB for each change by an administrator and each logout:",
      );
      out.line('1,000 a day, kept for 7 days, are 7 MiB. Logins are not kept, unless they were before.');
    }
    const title = `Keycloak at ${serverUrl}, realm ${realm}: events for ${clientId}`;
    const part = toRealmPart(title, plan, api, goal, out);
    const { isDone, code } = await runPlan([part], visit, out, questions);
    if (isDone) out.line('In the API: kc.events(), or KEYCLOAK_EVENTS=on. keycloak-guard doctor checks it.');
    return code;
  },
};
