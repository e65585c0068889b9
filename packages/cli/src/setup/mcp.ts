import { applyMcpStep, type McpGoal, planMcp, readMcp } from '../admin/index.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { changeRealm } from './change-realm.ts';
import type { SetupInput } from './goal.ts';
import type { SetupOptions } from './options.ts';

/** Sets Keycloak up for an MCP server: plans, asks, applies. Resolves to the exit code. */
export async function setUpMcp(
  input: Pick<SetupInput, 'serverUrl' | 'credentials'>,
  goal: McpGoal,
  options: Pick<SetupOptions, 'dryRun' | 'yes'>,
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  const plan = await changeRealm(
    input,
    {
      title: goal.realm,
      plan: async (api) => planMcp(await readMcp(api, goal), goal),
      apply: (api, step) => applyMcpStep(api, goal, step),
    },
    options,
    out,
    questions,
  );
  if (typeof plan === 'number') return plan;
  if (plan.steps.length > 0) out.line(`  ${out.paint('green', '✓')} done`);
  if (plan.blocked.length > 0) {
    out.line(`Left to you: ${plan.blocked.length} (marked ! above).`);
    return 1;
  }
  out.line(`The server's client id is ${goal.url}. Its secret: Clients → ${goal.url} → Credentials.`);
  out.line('Programs without a secret use the client mcp-client.');
  return 0;
}
