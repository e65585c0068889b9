import { applyMcpStep, connectAdmin, type McpGoal, planMcp, readMcp } from '../admin/index.ts';
import { trimUrl } from '../keycloak/find-server.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { UsageError } from '../usage-error.ts';
import type { SetupInput } from './goal.ts';
import type { SetupOptions } from './options.ts';
import { showPlan } from './show-plan.ts';

/** Sets Keycloak up for an MCP server: plans, asks, applies. Resolves to the exit code. */
export async function setUpMcp(
  { serverUrl, credentials }: Pick<SetupInput, 'serverUrl' | 'credentials'>,
  goal: McpGoal,
  options: Pick<SetupOptions, 'dryRun' | 'yes'>,
  out: Output,
  questions: Questions | undefined,
): Promise<number> {
  if (credentials === undefined) throw new UsageError(['the admin is missing']);
  out.progress('logging in as admin');
  const { api } = await connectAdmin({ serverUrl: trimUrl(serverUrl), credentials });
  out.progress('reading what is there');
  const plan = planMcp(await readMcp(api, goal), goal);
  out.line(`Keycloak at ${trimUrl(serverUrl)}, realm ${goal.realm}`);
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
    await applyMcpStep(api, goal, step);
  }
  if (plan.steps.length > 0) out.line(`  ${out.paint('green', '✓')} done`);
  if (plan.blocked.length > 0) {
    out.line(`Left to you: ${plan.blocked.length} (marked ! above).`);
    return 1;
  }
  out.line(`The server's client id is ${goal.url}. Its secret: Clients → ${goal.url} → Credentials.`);
  out.line('Programs without a secret use the client mcp-client.');
  return 0;
}
