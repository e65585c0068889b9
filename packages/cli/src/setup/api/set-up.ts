import { createCredential } from 'keycloak-guard';
import { createNeed, enter, type Need } from '../../access/enter.ts';
import {
  type AdminConnection,
  type CurrentState,
  connectAdmin,
  makePlan,
  type Plan,
  readCurrent,
  type SetupGoal,
} from '../../admin/index.ts';
import type { Caller } from '../../keycloak/realm-calls.ts';
import type { PlanPart } from '../../plan/part.ts';
import { toRealmPart } from '../../plan/realm-part.ts';
import { runPlan } from '../../plan/run-plan.ts';
import { UsageError } from '../../settings/usage-error.ts';
import type { Output } from '../../terminal/output.ts';
import type { Questions } from '../../terminal/questions.ts';
import { sayVolume, withCredential } from '../credential/part.ts';
import { readOrMakeSecret, readSecret } from './client-secret.ts';
import { planEnv, toSettings } from './env-plan.ts';
import { completeGoal, type StdinSecrets } from './goal.ts';
import { sayNamed, sayNext } from './next.ts';
import { type ApiOptions, hasSecret } from './options.ts';
import { planPermissions } from './permissions.ts';
import { type Proof, prove, proveSecret } from './prove.ts';

export const TIMEOUT_MS = 30_000;

/** The input of a plan. */
export interface Site {
  readonly api: AdminConnection['api'];
  readonly serverUrl: string;
  readonly goal: SetupGoal;
  readonly current: CurrentState;
  readonly plan: Plan;
}

/** Additional parts of the same plan, for example callers of the API. */
export interface Beside {
  plan(site: Site): Promise<readonly PlanPart[]>;
  /** Tries it afterwards. */
  prove(site: Site, apiCaller: Caller): AsyncIterable<Proof>;
}

/** Wishes of the calling code, beside the options. */
interface Wishes {
  /** Leave login flows off that are off. */
  readonly keepFlows?: boolean;
  /** Asks for additional parts. */
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
  const toEnv = (secret: string | undefined) => ({
    ...toSettings(serverUrl, goal, hasSecret(options) ? secret : undefined, credential),
    ...(options.writesAppUrl ? { PUBLIC_URL: goal.appUrl } : {}),
  });
  const readAll = async () => toEnv(hasSecret(options) ? await readOrMakeSecret(api, goal) : undefined);
  const site = { api, serverUrl, goal, current, plan };
  const { plan: whole, before } = await withCredential(api, goal, plan, credential);
  const parts = [
    ...before,
    toRealmPart(`Keycloak at ${serverUrl}`, whole, api, goal, out),
    await planEnv(options.envFile, options, toEnv(known), readAll, out, questions, hasSecret(options)),
    ...(await planPermissions(api, options.authzFile, goal, current.client !== null, plan)),
    ...((await beside?.plan(site)) ?? []),
  ];
  if (questions !== undefined) out.line();
  if (options.named !== undefined) sayNamed(options.named, goal, out);
  const { what, code } = await runPlan(parts, options, out, questions);
  if (what === 'declined' || what === 'shown' || options.dryRun) return code;
  if (!(await showProof(site, options, beside, out))) return 1;
  if (code === 0) await sayNext(options.envFile, serverUrl, out);
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
    out.line('Not tried with a login: no user and password were given.');
    return true;
  }
  out.line('Trying it:');
  let isGood = true;
  const show = async (proofs: AsyncIterable<Proof>) => {
    for await (const { what, ok, seen } of proofs) {
      out.line(`  ${ok ? out.paint('green', '✓') : out.paint('red', '✗')} ${what}: ${seen}`);
      isGood &&= ok;
    }
  };
  if (shape === 'guide') await show(prove(caller, user?.username ?? '', user?.password ?? ''));
  else await show(proveSecret(caller));
  if (beside !== undefined) await show(beside.prove(site, caller));
  return isGood;
}
