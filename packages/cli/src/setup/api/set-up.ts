import { createCredential } from 'keycloak-guard';
import {
  type AdminConnection,
  applyStep,
  connectAdmin,
  makePlan,
  type Plan,
  readCurrent,
  type SetupGoal,
} from '../../admin/index.ts';
import { enter } from '../../door/enter.ts';
import { createNeed } from '../../door/need.ts';
import { toRealmPart } from '../../plan/realm-part.ts';
import { runPlan } from '../../plan/run-plan.ts';
import { UsageError } from '../../settings/usage-error.ts';
import type { Output } from '../../terminal/output.ts';
import type { Questions } from '../../terminal/questions.ts';
import type { ChosenCredential } from '../credential/choose.ts';
import { planChosen, sayVolume } from '../credential/part.ts';
import { readOrMakeSecret, readSecret } from './client-secret.ts';
import { planEnv, toSettings } from './env-plan.ts';
import { completeGoal, type StdinSecrets } from './goal.ts';
import { sayNext } from './next.ts';
import { type ApiOptions, hasSecret } from './options.ts';
import { planPermissions } from './permissions.ts';
import { prove } from './prove.ts';

const TIMEOUT_MS = 30_000;

/**
 * Plans, asks, applies, writes the `.env` file, proves. Resolves to the exit code.
 *
 * @param keepFlows leave login flows off that are off
 */
export async function setUpApi(
  options: ApiOptions,
  stdin: StdinSecrets,
  out: Output,
  questions: Questions | undefined,
  keepFlows = false,
): Promise<number> {
  const need = createNeed(questions);
  const { serverUrl, credentials } = await enter(options.door, stdin['admin-password'], need, out, questions);
  const { credential } = options;
  const completed = await completeGoal(options, stdin, need, questions !== undefined);
  const goal = { ...completed, keepFlows, hasOwnCredential: credential !== undefined || !hasSecret(options) };
  need.assertAll();
  out.progress('logging in as admin');
  const { api } = await connectAdmin({ serverUrl, credentials, timeoutMs: TIMEOUT_MS });
  out.progress('reading what is there');
  const current = await readCurrent(api, goal);
  const plan = makePlan(current, goal);
  assertPassword(plan, goal);
  const known = await readSecret(api, goal, current.client);
  const readAll = async () =>
    toSettings(serverUrl, goal, hasSecret(options) ? await readOrMakeSecret(api, goal) : undefined, options);
  const { before, after } = await planChosen(api, goal, credential, out);
  const parts = [
    ...before,
    toRealmPart(`Keycloak at ${serverUrl}`, plan, (step) => applyStep(api, goal, step), out),
    ...after,
    await planEnv(options, toSettings(serverUrl, goal, known, options), readAll, out, questions),
    ...(await planPermissions(api, options.authzFile, goal, current.client !== null, plan)),
  ];
  if (questions !== undefined) out.line();
  const { what, code } = await runPlan(parts, options, out, questions);
  if (what === 'declined' || what === 'shown' || options.dryRun) return code;
  if (!(await showProof(api, serverUrl, goal, credential, out))) return 1;
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
  api: AdminConnection['api'],
  serverUrl: string,
  goal: SetupGoal,
  chosen: ChosenCredential | undefined,
  out: Output,
): Promise<boolean> {
  const { user } = goal;
  if (chosen?.goal.type === 'kubernetes') {
    await sayVolume(serverUrl, goal.realm, out);
    return true;
  }
  if (user?.password === undefined) {
    out.line('Not tried with a login: no user and password were given.');
    return true;
  }
  out.line('Trying it:');
  let isGood = true;
  const caller = {
    serverUrl,
    realm: goal.realm,
    clientId: goal.clientId,
    ...(chosen?.options === undefined
      ? { clientSecret: await readOrMakeSecret(api, goal) }
      : { credential: createCredential({ clientId: goal.clientId, credential: chosen.options }) }),
    timeoutMs: TIMEOUT_MS,
  };
  for await (const { what, ok, seen } of prove(caller, user.username, user.password)) {
    out.line(`  ${ok ? out.paint('green', '✓') : out.paint('red', '✗')} ${what}: ${seen}`);
    isGood &&= ok;
  }
  return isGood;
}
