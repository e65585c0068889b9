import {
  type AdminConnection,
  applyStep,
  connectAdmin,
  makePlan,
  type Plan,
  readCurrent,
  type SetupGoal,
} from '../admin/index.ts';
import { trimUrl } from '../keycloak/find-server.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { UsageError } from '../usage-error.ts';
import { readOrMakeSecret, readSecret } from './client-secret.ts';
import { askForConflicts, planEnv, toSettings, writeEnv } from './env-plan.ts';
import type { SetupInput } from './goal.ts';
import { isWanted } from './is-wanted.ts';
import type { SetupOptions } from './options.ts';
import { planPermissions } from './permissions.ts';
import { prove } from './prove.ts';
import { showPlan } from './show-plan.ts';

const TIMEOUT_MS = 30_000;

/** Plans, asks, applies, writes the `.env` file, proves. Resolves to the exit code. */
export async function setUp(
  input: SetupInput,
  options: SetupOptions,
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  const { goal, credentials } = input;
  if (credentials === undefined) throw new UsageError(['the admin is missing']);
  const serverUrl = trimUrl(input.serverUrl);
  out.progress('logging in as admin');
  const { api } = await connectAdmin({ serverUrl, credentials, timeoutMs: TIMEOUT_MS });
  out.progress('reading what is there');
  const current = await readCurrent(api, goal);
  const plan = makePlan(current, goal);
  assertPassword(plan, goal);
  const permissions = await planPermissions(api, options, current.client !== null, plan);

  const known = await readSecret(api, goal, current.client);
  const changes = await planEnv(options, toSettings(serverUrl, goal, known));
  const hasNewSecret = known === undefined && options.envFile !== undefined;
  const newSecret = { name: 'KEYCLOAK_CLIENT_SECRET', from: undefined, to: '' };
  const shown = hasNewSecret ? [...changes, newSecret] : changes;
  if (questions !== undefined) out.line();
  out.line(`Keycloak at ${serverUrl}`);
  showPlan(out, plan, { file: options.envFile, changes: shown });
  permissions?.show(out);
  const hasNothing = isEmpty(plan, shown) && (permissions?.isEmpty ?? true);

  if (options.dryRun) {
    out.line(hasNothing ? 'Nothing to change.' : 'Dry run: nothing was changed.');
    return 0;
  }
  if (hasNothing) {
    out.line('Nothing to change.');
  } else {
    const allowed = await askForConflicts(options, changes, options.yes ? undefined : questions);
    if (!(await isWanted(options.yes, out, questions, (asked) => asked.confirm('Apply this?')))) return 2;
    await apply(api, goal, plan, out);
    out.progress('reading the secret');
    const secret = options.envFile === undefined ? undefined : await readOrMakeSecret(api, goal);
    await writeEnv(options, toSettings(serverUrl, goal, secret), allowed, out);
    await permissions?.apply(out);
  }
  const isProven = await showProof(api, serverUrl, goal, out);
  const left = plan.blocked.length + (permissions?.blocked ?? 0);
  if (left > 0) out.line(`Left to you: ${left} (marked ! above).`);
  if (isProven && left === 0) out.line('Done. Next: npm start');
  return isProven && left === 0 ? 0 : 1;
}

function assertPassword(plan: Plan, goal: SetupGoal): void {
  if (goal.user?.password !== undefined || !plan.steps.some((step) => step.action.type === 'create-user'))
    return;
  throw new UsageError([
    `the user ${goal.user?.username} does not exist yet and needs a password: set SETUP_PASSWORD, or use --user-password-stdin`,
  ]);
}

function isEmpty(plan: Plan, changes: readonly unknown[]): boolean {
  return plan.steps.length === 0 && changes.length === 0;
}

async function apply(api: AdminConnection['api'], goal: SetupGoal, plan: Plan, out: Output): Promise<void> {
  for (const [index, step] of plan.steps.entries()) {
    const verb = step.kind === 'create' ? 'created' : 'changed';
    out.progress(`${step.kind} ${step.subject}`);
    try {
      await applyStep(api, goal, step);
    } catch (error) {
      if (index > 0) out.line('What was done so far stays; run setup again to go on.');
      throw error;
    }
    out.line(`  ${out.paint('green', '✓')} ${verb} ${step.subject}`);
  }
}

async function showProof(
  api: AdminConnection['api'],
  serverUrl: string,
  goal: SetupGoal,
  out: Output,
): Promise<boolean> {
  const { user } = goal;
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
    clientSecret: await readOrMakeSecret(api, goal),
    timeoutMs: TIMEOUT_MS,
  };
  for await (const { what, ok, seen } of prove(caller, user.username, user.password)) {
    out.line(`  ${ok ? out.paint('green', '✓') : out.paint('red', '✗')} ${what}: ${seen}`);
    isGood &&= ok;
  }
  return isGood;
}
