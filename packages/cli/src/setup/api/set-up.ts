import { basename, dirname, relative } from 'node:path';
import { readFolderFile } from '@keycloak-guard/server/config';
import { createCredential } from 'keycloak-guard';
import { createNeed, enter, type Need } from '../../access/access.ts';
import { applyAuthz } from '../../admin/authz/apply.ts';
import { findUnknown } from '../../admin/authz/checks.ts';
import { noAuthz, readAuthz } from '../../admin/authz/current.ts';
import { planAuthz } from '../../admin/authz/plan.ts';
import { type AdminConnection, connectAdmin } from '../../admin/connection.ts';
import { type CurrentState, readCurrent } from '../../admin/current.ts';
import type { SetupGoal } from '../../admin/goal.ts';
import { makePlan } from '../../admin/plan/plan.ts';
import type { Plan } from '../../admin/plan/step.ts';
import { loadAuthz } from '../../authz/file.ts';
import { toExcerpt } from '../../keycloak/call.ts';
import { diagnose, toTokenAnswer } from '../../keycloak/finding.ts';
import { type Caller, createRealmCalls } from '../../keycloak/realm-calls.ts';
import { type PlanPart, runPlan, toPart, toRealmPart } from '../../plan/run-plan.ts';
import { UsageError } from '../../settings/usage-error.ts';
import type { Guards } from '../../source/guards.ts';
import { type Output, toMark, toPlainLine, toShellWord } from '../../terminal/output.ts';
import type { Questions } from '../../terminal/questions.ts';
import { sayVolume, withCredential } from '../credential.ts';
import { createAppSettings, planEnv, readOrMakeSecret, readSecret } from './env-plan.ts';
import { completeGoal, type StdinSecrets } from './goal.ts';
import { type ApiOptions, hasSecret } from './options.ts';

/** @param seen others' words may be in it */
const proof = (what: string, ok: boolean, seen: string) => ({ what, ok, seen: toPlainLine(seen) });

type Proof = ReturnType<typeof proof>;

/** Logs in, asks userinfo, introspects, logs out, and sees that the session is gone. Stops at the first failure. */
export async function* prove(caller: Caller, username: string, password: string): AsyncGenerator<Proof> {
  const calls = createRealmCalls(caller);
  const login = await calls.passwordGrant(username, password, 'openid');
  const token = login.json?.access_token;
  const what = `log in as ${username}`;
  if (typeof token !== 'string') {
    const { cause, fix } = diagnose(toTokenAnswer(login, caller));
    yield proof(what, false, `${cause}. ${fix}`);
    return;
  }
  yield proof(what, true, `token for ${login.json?.expires_in} s`);

  const userinfo = await calls.userinfo(token);
  const name = [userinfo.json?.name, userinfo.json?.email].filter(Boolean).join(', ');
  const challenge = userinfo.headers.get('www-authenticate') ?? '';
  const isKnown = userinfo.status === 200;
  yield proof('userinfo', isKnown, isKnown ? name : `HTTP ${userinfo.status} ${challenge}`);

  const { json, status, text } = await calls.introspect(token);
  const isActive = json?.active === true;
  yield proof('introspection', isActive, isActive ? 'active' : `HTTP ${status} ${toExcerpt(text)}`);

  const logout = await calls.logout(String(login.json?.refresh_token ?? ''));
  const after = await calls.userinfo(token);
  const isGone = logout.status === 204 && after.status === 401;
  const seen = isGone ? 'the session is gone' : `HTTP ${logout.status}, then userinfo ${after.status}`;
  yield proof('logout', isGone, seen);
}

/** Sees that the client's secret is right, without a user: Keycloak answers its question about a token that is none. */
export async function* proveSecret(caller: Caller): AsyncGenerator<Proof> {
  const { status, json, text } = await createRealmCalls(caller).introspect('none');
  const ok = json?.active === false;
  const seen = ok ? 'Keycloak answers the client' : `HTTP ${status} ${toExcerpt(text)}`;
  yield proof('introspection', ok, seen);
}

/** Gets a token in a service's own name, and sees that the API takes it. */
export async function* proveService(service: Caller, api: Caller): AsyncGenerator<Proof> {
  const what = `token of ${service.clientId}`;
  const { json, status, text } = await createRealmCalls(service).clientCredentials();
  const token = json?.access_token;
  if (typeof token !== 'string') {
    yield proof(what, false, `HTTP ${status} ${toExcerpt(text)}`);
    return;
  }
  const answer = await createRealmCalls(api).introspect(token);
  const ok = answer.json?.active === true && [answer.json.aud].flat().includes(api.clientId);
  const seen = ok ? `active, for ${api.clientId}` : `not for ${api.clientId}: ${toExcerpt(answer.text)}`;
  yield proof(what, ok, seen);
}

export async function* proveLogin(caller: Caller, redirectUri: string): AsyncGenerator<Proof> {
  const query = { response_type: 'code', scope: 'openid', code_challenge_method: 'S256' };
  const own = { client_id: caller.clientId, redirect_uri: redirectUri, code_challenge: 'x'.repeat(43) };
  const { status } = await createRealmCalls(caller).authorize({ ...query, ...own });
  yield proof(`login page for ${caller.clientId}`, status === 200, `HTTP ${status}`);
}

/** Says the next command: which programs read the file with the settings, and which do not. */
export async function sayNext(
  envFile: string | undefined,
  serverUrl: string,
  out: Output,
  toCommand = (file: string) => `node --env-file=${toShellWord(file)} <your program>`,
): Promise<void> {
  if (envFile === undefined) return out.line('Done.');
  const folder = dirname(envFile);
  if (relative('.', folder) !== '')
    return out.line(`Done. Next, in ${toShellWord(folder)}: ${toCommand(basename(envFile))}`);
  if (!isClone()) {
    const isRead = String(readPackage().scripts?.start)
      .split(' ')
      .includes(`--env-file=${basename(envFile)}`);
    return out.line(`Done. Next: ${isRead ? 'npm start' : toCommand(envFile)}`);
  }
  out.line('Done. Next: npm start');
  out.line(
    `  From now on npm start uses ${serverUrl} here, and no built-in provider: without ${envFile} it does again.`,
  );
  out.line(
    '  An application in another folder does not read this file: setup --env ../shop/.env writes one there.',
  );
}

/** Whether this folder is a clone of the repository, where `npm start` is the guide's service. */
export const isClone = (): boolean => readPackage().name === 'keycloak-guard-repository';

function readPackage(): { readonly name?: unknown; readonly scripts?: { readonly start?: unknown } } {
  try {
    return JSON.parse(readFolderFile('package.json')) ?? {};
  } catch {
    return {};
  }
}

/** Says what guards name beside the plan, and what makes it. */
export function reportGuards(guards: Guards, { clientId }: Pick<SetupGoal, 'clientId'>, out: Output): void {
  const { organizations, organizationGroups, permissions, audiences, unread } = guards;
  const others = audiences.filter((one) => one !== clientId);
  const lines: [names: readonly string[], what: string][] = [
    [organizations, 'Organizations that guards name (setup tenant <name> --organization makes them)'],
    [
      organizationGroups,
      'Groups in organizations (setup tenant <name> --organization --group <path> makes them)',
    ],
    [permissions, 'Permissions that guards require (policies are in authz.json: setup --authz)'],
    [others, `Other APIs (setup audience ${toShellWord(clientId)} --client-id <api> gives tokens for one)`],
    [unread, 'Not read: only the running program knows what these require'],
  ];
  for (const [names, what] of lines)
    if (names.length > 0) out.line(toPlainLine(`${what}: ${names.join(', ')}`));
}

/**
 * Compares the file of permissions with the client, which need not exist yet.
 *
 * @param rest what setup does beside it: roles and groups that it makes can be named in the file
 * @returns nothing without a file
 * @throws {UsageError} naming everything that is wrong with the file
 */
async function planPermissions(
  api: AdminConnection['api'],
  file: string | undefined,
  { realm, clientId }: Pick<SetupGoal, 'realm' | 'clientId'>,
  hasClient: boolean,
  rest: Plan,
): Promise<PlanPart[]> {
  if (file === undefined) return [];
  const target = await loadAuthz(file);
  const read = async (isThere: boolean) => {
    const state = isThere ? await readAuthz(api, realm, clientId) : noAuthz(realm, clientId);
    return { state, plan: planAuthz(target, state, false) };
  };
  const refuse = (problems: readonly string[]) => {
    if (problems.length > 0) throw new UsageError(problems.map((problem) => `${file}: ${problem}`));
  };
  const { plan } = await read(hasClient);
  refuse(plan.refused);
  if (!rest.steps.some(({ kind }) => kind === 'create')) refuse(await findUnknown(api, realm, plan));
  const title = `Permissions of the client ${clientId}, as in ${file}`;
  return [
    toPart(title, plan, async function* () {
      // The client exists now.
      const now = await read(true);
      refuse([...now.plan.refused, ...(await findUnknown(api, realm, now.plan))]);
      yield* applyAuthz(api, now.plan.steps, target, now.state);
    }),
  ];
}

export const TIMEOUT_MS = 30_000;

export interface Site {
  readonly api: AdminConnection['api'];
  readonly serverUrl: string;
  readonly goal: SetupGoal;
  readonly current: CurrentState;
  readonly plan: Plan;
}

export interface Beside {
  plan(site: Site): Promise<readonly PlanPart[]>;
  prove(site: Site, apiCaller: Caller): AsyncIterable<Proof>;
}

interface Wishes {
  readonly keepFlows?: boolean;
  readonly beside?: (goal: SetupGoal, need: Need) => Promise<Beside>;
}

/** Plans, asks, applies, writes the `.env` file, proves. Resolves to the exit code. */
export async function setUpApi(
  options: ApiOptions,
  stdin: StdinSecrets,
  out: Output,
  questions: Questions | undefined,
  { keepFlows = false, beside: askBeside }: Wishes = {},
): Promise<number> {
  const need = createNeed(questions);
  const { serverUrl, credentials } = await enter(options.access, stdin['admin-password'], need, out);
  const completed = await completeGoal(options, stdin, need, questions !== undefined, serverUrl);
  const { credential } = options;
  const hasOwnCredential = credential !== undefined || !hasSecret(options);
  const goal = { ...completed, keepFlows, hasOwnCredential };
  const beside = await askBeside?.(goal, need);
  need.assertAll();
  out.progress('logging in as admin');
  const { api } = await connectAdmin({ serverUrl, credentials, timeoutMs: TIMEOUT_MS });
  out.progress('reading the current state');
  const current = await readCurrent(api, goal);
  const plan = makePlan(current, goal);
  assertPassword(plan, goal);
  const known = await readSecret(api, goal, current.client);
  const toEnv = createAppSettings(serverUrl, goal, options);
  const readAll = async () => toEnv(hasSecret(options) ? await readOrMakeSecret(api, goal) : undefined);
  const site = { api, serverUrl, goal, current, plan };
  const { plan: whole, before, envFile } = await withCredential(api, goal, plan, credential, options.envFile);
  const parts = [
    ...before,
    toRealmPart(`Keycloak at ${serverUrl}`, whole, api, goal, out),
    await planEnv(envFile, options, toEnv(known), readAll, out, questions, hasSecret(options)),
    ...(await planPermissions(api, options.authzFile, goal, current.client !== null, plan)),
    ...((await beside?.plan(site)) ?? []),
  ];
  if (questions !== undefined) out.line();
  if (options.guards !== undefined) reportGuards(options.guards, goal, out);
  const { what, code } = await runPlan(parts, options, out, questions);
  if (what === 'declined' || what === 'shown' || options.dryRun) return code;
  if (!(await showProof(site, options, beside, out))) return 1;
  if (goal.organizations !== undefined)
    out.line(
      'Tokens name an organization where the login asks for it: scope=openid organization:<alias>, or organization:* for all.',
    );
  const toServe = (file: string) =>
    `npx keycloak-guard serve${file === '.env' ? '' : ` --env ${toShellWord(file)}`}`;
  if (code === 0) await sayNext(envFile, serverUrl, out, goal.shape === 'guide' ? toServe : undefined);
  return code;
}

function assertPassword(plan: Plan, goal: SetupGoal): void {
  if (goal.user?.password !== undefined || !plan.steps.some((step) => step.action.type === 'create-user'))
    return;
  throw new UsageError([
    `the user ${goal.user?.username} does not exist yet and needs a password: set SETUP_PASSWORD, or use --user-password-stdin`,
  ]);
}

async function showProof(
  site: Site,
  options: Pick<ApiOptions, 'credential' | 'provenBy'>,
  beside: Beside | undefined,
  out: Output,
): Promise<boolean> {
  const { api, serverUrl, goal } = site;
  const { credential } = options;
  const { user, realm, clientId, shape } = goal;
  if (credential?.goal.type === 'kubernetes') {
    await sayVolume(serverUrl, realm, out);
    return true;
  }
  const inUse = credential === undefined ? options.provenBy : credential.options;
  const proof =
    inUse === undefined
      ? { clientSecret: await readOrMakeSecret(api, goal) }
      : { credential: createCredential({ clientId, credential: inUse }) };
  const caller = { serverUrl, realm, clientId, ...proof, timeoutMs: TIMEOUT_MS };
  if (shape === 'guide' && user?.password === undefined) {
    out.line('Not tried with a login: no user and password.');
    return true;
  }
  out.line('Trying it:');
  let isGood = true;
  const show = async (proofs: AsyncIterable<Proof>) => {
    for await (const { what, ok, seen } of proofs) {
      out.line(`  ${toMark(out, ok)} ${what}: ${seen}`);
      isGood &&= ok;
    }
  };
  if (shape === 'guide') await show(prove(caller, user?.username ?? '', user?.password ?? ''));
  else await show(proveSecret(caller));
  if (beside !== undefined) await show(beside.prove(site, caller));
  return isGood;
}
