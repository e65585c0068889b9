import {
  type AudienceGoal,
  applyAudienceStep,
  connectAdmin,
  planAudience,
  readAudience,
} from '../admin/index.ts';
import { trimUrl } from '../keycloak/find-server.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { UsageError } from '../usage-error.ts';
import type { SetupInput } from './goal.ts';
import type { SetupOptions } from './options.ts';
import { showPlan } from './show-plan.ts';

/** Makes tokens of other clients good for an API: plans, asks, applies. Resolves to the exit code. */
export async function setUpAudience(
  { serverUrl, credentials }: Pick<SetupInput, 'serverUrl' | 'credentials'>,
  goal: AudienceGoal,
  options: Pick<SetupOptions, 'dryRun' | 'yes'>,
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  if (credentials === undefined) throw new UsageError(['the admin is missing']);
  out.progress('logging in as admin');
  const { api } = await connectAdmin({ serverUrl: trimUrl(serverUrl), credentials });
  out.progress('reading what is there');
  const plan = planAudience(await readAudience(api, goal), goal);
  out.line(`Keycloak at ${trimUrl(serverUrl)}, realm ${goal.realm}: tokens for ${goal.clientId}`);
  showPlan(out, plan, { file: undefined, changes: [] });

  if (plan.steps.length === 0) out.line('Nothing to change.');
  else if (options.dryRun) {
    out.line('Dry run: nothing was changed.');
    return 0;
  } else if (!options.yes && !(await questions?.confirm('Apply this?'))) {
    out.line('Nothing was changed. To apply it without being asked: --yes');
    return 2;
  }
  for (const step of plan.steps) {
    out.progress(`${step.kind} ${step.subject}`);
    await applyAudienceStep(api, goal, step);
    out.line(`  ${out.paint('green', '✓')} changed ${step.subject}`);
  }
  if (plan.steps.length > 0) out.line('Tokens that are issued from now on name it; those before do not.');
  if (plan.blocked.length === 0) return 0;
  out.line(`Left to you: ${plan.blocked.length} (marked ! above).`);
  return 1;
}
