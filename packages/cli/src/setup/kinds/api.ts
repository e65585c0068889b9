import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createNeed, needServerUrl, problemsOfWrittenUrl } from '../../access/access.ts';
import { NO_CALLERS, planDevCaller } from '../../admin/callers.ts';
import { emptyRealm } from '../../admin/current.ts';
import { makePlan } from '../../admin/plan/plan.ts';
import { joinParts } from '../../admin/plan/step.ts';
import { trimUrl } from '../../keycloak/server.ts';
import { runPlan, toFilePart } from '../../plan/run-plan.ts';
import { createConsent } from '../../settings/from-folder.ts';
import type { Options } from '../../settings/options.ts';
import { UsageError } from '../../settings/usage-error.ts';
import { type Output, toPlainLine, toShellWord } from '../../terminal/output.ts';
import { type Questions, readLines } from '../../terminal/questions.ts';
import { createAppSettings, planEnv } from '../api/env-plan.ts';
import { completeGoal, type StdinSecrets } from '../api/goal.ts';
import { type ApiOptions, readApiOptions, toApiHelp, toExportHelp } from '../api/options.ts';
import { reportGuards, setUpApi } from '../api/set-up.ts';
import { assertInPlan, HAND_OVER, HAND_OVER_HELP, handOver } from '../hand-over/hand-over.ts';
import { toRealmFile } from '../hand-over/kcadm.ts';
import { type SetupKind, toQuestions } from '../visit.ts';
import { DEV_CALLER, DEV_CALLER_HELP, toDevBeside } from './caller.ts';
import { toFuture } from './callers.ts';

function toClientKind(
  kind: string,
  summary: string,
  text: string,
  {
    asks = [],
    own = [],
    more = {},
    beside,
    handsOver = true,
  }: Pick<SetupKind, 'asks'> & {
    /** Parts of its help about options of this kind alone. */
    readonly own?: readonly string[];
    readonly more?: Options;
    readonly beside?: typeof toDevBeside;
    /** It can be planned for somebody else who is an administrator. Default true. */
    readonly handsOver?: boolean;
  } = {},
): SetupKind {
  return {
    summary,
    asks,
    usage: `keycloak-guard setup ${kind}: ${text}
It never deletes anything and never makes a realm less safe. You can run it again at any time.

Usage: keycloak-guard setup ${kind} [options]

${toApiHelp(...(handsOver ? [HAND_OVER_HELP] : []), ...own)}
`,
    async run(args, { environment, out }) {
      const questions = await toQuestions(args, out);
      const consent = createConsent(questions);
      const options = await readApiOptions(args, environment, {
        kind,
        more: { ...(handsOver ? HAND_OVER : {}), ...more },
        consent,
      });
      refusePositionals(options);
      const file = options.own['plan-for-admin'] as string | undefined;
      if (file !== undefined) return handOverApi(file, options, out, questions);
      const parts = beside && { beside: async () => beside(options, out, questions) };
      return setUpApi(options, await readSecrets(options), out, questions, parts);
    },
  };
}

/** The plan of an API for an administrator, without a user, who would need a password. */
async function handOverApi(
  file: string,
  options: ApiOptions,
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  assertInPlan(options.own);
  const need = createNeed(questions);
  const { serverUrl } = options.access;
  const plain = { ...options, withoutUser: true, clientSecret: undefined, secretSource: undefined };
  const goal = await completeGoal(plain, {}, need, false, serverUrl ?? '');
  need.assertAll();
  if (options.guards !== undefined) reportGuards(options.guards, goal, out);
  const api = makePlan(emptyRealm(goal.realm), goal);
  const { realm, clientId } = goal;
  const hasCaller = options.own['dev-caller'] === true;
  const plan = hasCaller
    ? joinParts([api, planDevCaller(toFuture(NO_CALLERS, { goal, plan: api }), realm, clientId)])
    : api;
  const handed = { target: { ...goal, serverUrl }, plan, credential: options.credential };
  const code = await handOver(file, handed, options, out, questions);
  if (code === 0 && options.shape === 'api')
    out.line(
      hasCaller
        ? 'A first token, then: npx keycloak-guard token'
        : `This plan makes no client that gets tokens for ${toPlainLine(clientId)}: plan those with setup spa or setup service, or one for development with --dev-caller.`,
    );
  return code;
}

export function refusePositionals({ positionals: [first] }: ApiOptions): void {
  if (first !== undefined)
    throw new UsageError([`unknown argument '${first}': setup --help names all kinds`]);
}

export async function readSecrets({ fromStdin }: ApiOptions): Promise<StdinSecrets> {
  if (fromStdin.length === 0) return {};
  const lines = await readLines(process.stdin);
  return Object.fromEntries(fromStdin.map((name, index) => [name, lines[index] ?? '']));
}

export const guide = toClientKind(
  'guide',
  "the guide's service: browser login, POST /login, a user and .env",
  `the guide's service, which checks tokens and logs people in

Creates what is missing (realm, client, mappers, user), prints the plan first, and writes .env.`,
  { handsOver: false },
);

export const api = toClientKind(
  'api',
  'an API that checks tokens: its client has no sign-in',
  `an API that checks tokens

Creates what is missing (realm, client, roles, groups, scopes), prints the plan first, and writes .env. The client asks
Keycloak about tokens, and no tokens are issued to it: clients that call it are setup spa, web, service or audience.`,
  { own: [DEV_CALLER_HELP], more: DEV_CALLER, beside: toDevBeside },
);

export const web = toClientKind(
  'web',
  'a server-rendered app: browser login with PKCE, exact addresses',
  `a server-rendered application, whose server logs people in with the browser

Creates what is missing (realm, client, mappers, user), prints the plan first, and writes .env. Addresses are exact:
<app>/auth/callback, <app>/ after a logout, <app>/backchannel-logout for Keycloak's reports of logouts.`,
  { asks: [['Address of the application', 'http://localhost:3000', '--app']] },
);

const usage = `keycloak-guard setup export: the same as setup guide, as a realm file

Writes a realm file for kc.sh start --import-realm, and .env with the matching secret. Keycloak is not called.

Usage: keycloak-guard setup export <file> [options]

${toExportHelp()}
`;

export const exportFile: SetupKind = {
  summary: 'the same as a realm file, without a call to Keycloak',
  usage,
  async run(args, { environment, out }) {
    const options = await readApiOptions(args, environment, { kind: 'export' });
    const [file, ...rest] = options.positionals;
    if (file === undefined || rest.length > 0)
      throw new UsageError(['setup export needs the name of one file, for example realm.json']);
    const wrong = problemsOfWrittenUrl(options.access.serverUrl);
    if (wrong.length > 0) throw new UsageError(wrong);
    const questions = await toQuestions(args, out);
    const stdin = await readSecrets(options);
    const canAsk = questions !== undefined;
    const need = createNeed(questions);
    const serverUrl = await needServerUrl(options.access.serverUrl, need);
    // Nothing is called, so the guide's names do no harm.
    const completed = await completeGoal(
      { ...options, yes: options.yes || !canAsk },
      stdin,
      need,
      canAsk,
      serverUrl,
    );
    need.assertAll();
    if (completed.user !== undefined && completed.user.password === undefined)
      throw new UsageError([
        'a user in a realm file needs a password: set SETUP_PASSWORD, or use --user-password-stdin',
      ]);
    const secret = completed.clientSecret ?? randomBytes(24).toString('base64url');
    const goal = { ...completed, clientSecret: secret };
    const settings = createAppSettings(trimUrl(serverUrl), goal, { ...options, provenBy: undefined })(secret);
    const isThere = existsSync(file);
    const change = { field: 'Realm', from: '', to: `${goal.realm}, with the client ${goal.clientId}` };
    const plan = makePlan({ ...emptyRealm(goal.realm), realm: null }, goal);
    const toContent = () => `${JSON.stringify(toRealmFile(plan, goal), null, 2)}\n`;
    // Named in the file, it would be the realm's only one, and Keycloak's own clients had none.
    const left = (subject: string, flags: string) => ({
      subject,
      why: "a realm file that names one takes Keycloak's own from the realm",
      fix: `after the import, npx keycloak-guard setup ${flags}`,
    });
    const { from = '' } = options;
    const blocked = [
      ...(goal.scopes ?? []).map((scope) => left(`client scope ${scope}`, `--scope ${toShellWord(scope)}`)),
      ...(goal.organizations?.ids
        ? [left('client scope organization, with the ids', `--from ${toShellWord(from)}`)]
        : []),
    ];
    const how = { isNew: !isThere, holds: 'holds the secret; ' };
    const realmPart = await toFilePart(file, [change], toContent, how);
    const parts = [
      { ...realmPart, blocked },
      await planEnv(options.envFile, options, settings, async () => settings, out, questions),
    ];
    if (isThere && !options.yes && !canAsk)
      throw new UsageError([`${file} is there already: give --yes to replace it`]);
    if (options.guards !== undefined) reportGuards(options.guards, goal, out);
    const run = { dryRun: options.dryRun, yes: options.yes || !canAsk };
    const { what, code } = await runPlan(parts, run, out, questions);
    if (what === 'applied')
      out.line('Import it: copy it into data/import/ of Keycloak, then kc.sh start-dev --import-realm');
    return code;
  },
};
