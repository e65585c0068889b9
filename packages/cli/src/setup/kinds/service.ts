import { planService, readService, scopesThatBring } from '../../admin/index.ts';
import { toRealmPart } from '../../plan/realm-part.ts';
import { runPlan } from '../../plan/run-plan.ts';
import { lists, switches } from '../../settings/flags.ts';
import { UsageError } from '../../settings/usage-error.ts';
import { toShellWord } from '../../terminal/shell-word.ts';
import { toPlainLine } from '../../terminal/style.ts';
import { readOrMakeSecret, readSecret } from '../api/client-secret.ts';
import { planEnv, toSettings } from '../api/env-plan.ts';
import { CREDENTIAL_FLAGS, CREDENTIAL_USAGE, chooseCredential } from '../credential/choose.ts';
import { sayVolume, withCredential } from '../credential/part.ts';
import type { SetupKind } from '../kind.ts';
import { CLIENT_FLAGS, CODES_USAGE, openVisit, parseKindFlags, REALM_USAGE, readVisit } from '../visit.ts';

const usage = `keycloak-guard setup service: a service that calls others

Creates a client with a service account that may exchange tokens, and a client scope for each service that it
calls. With --env it writes the settings of the service. What is there is completed; nothing is deleted.

Usage: keycloak-guard setup service --client-id <id> --calls <service> [options]

  --client-id <id>          client of the service (KEYCLOAK_CLIENT_ID)
  --calls <service>         client id of a service that it calls; commas separate several, and it can be repeated

${CREDENTIAL_USAGE}

${REALM_USAGE}
  --overwrite-env           replace values in the file of --env without asking

${CODES_USAGE}
`;

const FLAGS = {
  ...CLIENT_FLAGS,
  ...CREDENTIAL_FLAGS,
  ...lists('calls'),
  ...switches('overwrite-env'),
} as const;

export const service: SetupKind = {
  summary: 'a service that calls others, in its own name and in that of its users',
  usage,
  asks: [
    ['Client id of the service', 'reports', '--client-id'],
    ['Client id of the API that it calls', 'orders', '--calls'],
  ],
  async run(args, { environment, out }) {
    const { values: flags, positionals } = parseKindFlags('service', args, FLAGS);
    const calls = [
      ...new Set((flags.calls ?? []).flatMap((list) => list.split(',')).map((one) => one.trim())),
    ];
    const problems: string[] = [];
    if (positionals.length > 0) problems.push(`unknown argument '${positionals[0]}'`);
    if (calls.some((one) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(one)))
      problems.push('--calls must be client ids without spaces, for example orders');
    const visit = await readVisit(flags, { environment, out }, problems);
    const chosen = await chooseCredential(flags);
    const { api, serverUrl, realm, clientId, questions } = await openVisit(visit, out);
    const goal = { realm, clientId, calls };
    if (calls.includes(clientId)) throw new UsageError([`${clientId} does not call itself: look at --calls`]);
    const state = await readService(api, goal);
    const { plan, before } = await withCredential(api, goal, planService(state, goal), chosen);
    const part = toRealmPart(`Keycloak at ${serverUrl}, realm ${realm}`, plan, api, goal, out);
    const kind = chosen?.goal.type ?? state.client?.clientAuthenticatorType ?? 'secret';
    const hasSecret = /secret$/.test(kind) && plan.blocked.length === 0;
    const toEnv = (secret: string | undefined) => ({
      ...toSettings(serverUrl, goal, secret, chosen),
    });
    const env = await planEnv(
      flags.env,
      { ...visit, overwriteEnv: flags['overwrite-env'] ?? false },
      toEnv(hasSecret ? await readSecret(api, goal, state.client) : undefined),
      async () => toEnv(hasSecret ? await readOrMakeSecret(api, goal) : undefined),
      out,
      questions,
      hasSecret,
    );
    const { isDone, code } = await runPlan([...before, part, env], visit, out, questions);
    if (!isDone) return code;
    for (const [name, value] of Object.entries(chosen?.settings ?? {}))
      out.line(`In the service: ${name}=${value}`);
    if (chosen?.goal.type === 'kubernetes') await sayVolume(serverUrl, realm, out);
    const now = await readService(api, goal);
    if (flags.env === undefined && now.client?.clientAuthenticatorType === 'client-secret')
      out.line(
        `Its secret: --env <file> writes it there, or Clients → ${toPlainLine(clientId)} → Credentials. With --credential key or kubernetes it needs none.`,
      );
    for (const called of calls) {
      const { always, asked } = scopesThatBring(now, now.client ?? {}, called);
      const scope = always.length > 0 ? '' : `, scope: '${asked[0]}'`;
      out.line(`  kc.fetchFor({ origin: '…', audience: '${called}'${scope} })`);
    }
    out.line(
      `Who calls it needs tokens for it: npx keycloak-guard setup audience <caller> --client-id ${toShellWord(clientId)}`,
    );
    return code;
  },
};
