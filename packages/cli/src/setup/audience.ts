import { type AudienceGoal, applyAudienceStep, planAudience, readAudience } from '../admin/index.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { changeRealm } from './change-realm.ts';
import type { SetupInput } from './goal.ts';
import type { SetupOptions } from './options.ts';

/** Makes tokens of other clients good for an API: plans, asks, applies. Resolves to the exit code. */
export async function setUpAudience(
  input: Pick<SetupInput, 'serverUrl' | 'credentials'>,
  goal: AudienceGoal,
  options: Pick<SetupOptions, 'dryRun' | 'yes'>,
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  const plan = await changeRealm(
    input,
    {
      title: `${goal.realm}: tokens for ${goal.clientId}`,
      plan: async (api) => planAudience(await readAudience(api, goal), goal),
      async apply(api, step) {
        await applyAudienceStep(api, goal, step);
        out.line(`  ${out.paint('green', '✓')} changed ${step.subject}`);
      },
    },
    options,
    out,
    questions,
  );
  if (typeof plan === 'number') return plan;
  if (plan.steps.length > 0) out.line('Tokens that are issued from now on name it; those before do not.');
  if (plan.blocked.length === 0) return 0;
  out.line(`Left to you: ${plan.blocked.length} (marked ! above).`);
  return 1;
}
