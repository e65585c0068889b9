import { type AdminConnection, applyAuthz, findUnknown, planAuthz, readAuthz } from '../admin/index.ts';
import { toPart } from '../plan/realm-part.ts';
import { runPlan } from '../plan/run-plan.ts';
import { UsageError } from '../settings/usage-error.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { loadAuthz } from './load-file.ts';
import type { AuthzOptions } from './options.ts';

/** Shows what the file would change. `apply` then asks, and changes it. Resolves to the exit code. */
export async function sync(
  api: AdminConnection['api'],
  { file, prune, action, yes, chosen, realm, clientId }: AuthzOptions,
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  const wanted = await loadAuthz(file);
  out.progress('reading the current state');
  const state = await readAuthz(api, realm, clientId);
  const plan = planAuthz(wanted, state, prune);
  // Reports everything that is wrong before anything is written.
  const refused = [...plan.refused, ...(await findUnknown(api, realm, plan))];
  if (refused.length > 0) throw new UsageError([...refused, 'nothing was changed']);
  const title = `Client ${clientId} of the realm ${realm}, as in ${file}`;
  const part = toPart(title, plan, () => applyAuthz(api, plan.steps, wanted, state));
  return (await runPlan([part], { dryRun: action === 'plan', yes, chosen }, out, questions)).code;
}
