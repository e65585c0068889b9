import {
  type AdminConnection,
  type AuthzModel,
  type AuthzPlan,
  type AuthzState,
  applyAuthz,
  findUnknown,
  planAuthz,
  readAuthz,
} from '../admin/index.ts';
import { isWanted } from '../setup/is-wanted.ts';
import { showSteps } from '../setup/show-plan.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { toPlainLine } from '../terminal/style.ts';
import { UsageError } from '../usage-error.ts';
import { loadAuthz } from './load-file.ts';
import type { AuthzOptions } from './options.ts';

type Api = AdminConnection['api'];

/** Shows what the file would change. `apply` then asks, and changes it. Resolves to the exit code. */
export async function sync(
  api: Api,
  options: AuthzOptions,
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  const { realm, clientId } = options.door;
  const wanted = await loadAuthz(options.file);
  out.progress('reading what is there');
  const state = await readAuthz(api, realm, clientId);
  const plan = planAuthz(wanted, state, options.prune);
  // Reports everything that is wrong before anything is written.
  const refused = [...plan.refused, ...(await findUnknown(api, realm, plan))];
  if (refused.length > 0) throw new UsageError([...refused, 'nothing was changed']);
  out.line(`Client ${clientId} of the realm ${realm}, as in ${options.file}`);
  showSteps(out, plan);
  if (plan.steps.length === 0) out.line('Nothing to change.');
  else if (options.action === 'plan') out.line('Only the plan: nothing was changed.');
  else {
    const isDeleting = plan.steps.some(({ kind }) => kind === 'delete');
    const ask = (asked: Questions) => asked.confirm('Apply this plan?', !isDeleting);
    if (!(await isWanted(options.yes, out, questions, ask))) return 2;
    await applyShown(api, plan.steps, wanted, state, out);
  }
  if (plan.blocked.length > 0) out.line(`Left to you: ${plan.blocked.length} (marked ! above).`);
  return plan.blocked.length > 0 ? 1 : 0;
}

/** Applies a plan, and reports each step. */
export async function applyShown(
  api: Api,
  steps: AuthzPlan['steps'],
  wanted: AuthzModel,
  state: AuthzState,
  out: Output,
): Promise<void> {
  const verbs = { create: 'created', change: 'changed', delete: 'deleted' };
  let done = 0;
  try {
    for await (const { kind, subject } of applyAuthz(api, steps, wanted, state)) {
      done++;
      out.line(`  ${out.paint('green', '✓')} ${verbs[kind]} ${toPlainLine(subject)}`);
    }
  } catch (error) {
    if (done > 0) out.line('What was done so far stays; run it again to go on.');
    throw error;
  }
}
