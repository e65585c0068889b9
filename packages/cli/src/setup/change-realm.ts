import { type AdminConnection, connectAdmin, type Plan } from '../admin/index.ts';
import { trimUrl } from '../keycloak/find-server.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { UsageError } from '../usage-error.ts';
import type { SetupInput } from './goal.ts';
import type { SetupOptions } from './options.ts';
import { showPlan } from './show-plan.ts';

type Api = AdminConnection['api'];

/** What is to be changed, by an admin alone: no settings file comes with it. */
export interface RealmChange<A> {
  /** Behind Keycloak's address, above the plan. */
  readonly title: string;
  plan(api: Api): Promise<Plan<A>>;
  apply(api: Api, step: Plan<A>['steps'][number]): Promise<void>;
}

/** Plans, asks, applies. Resolves to the plan that was applied, or to the exit code where nothing was to be done. */
export async function changeRealm<A>(
  { serverUrl, credentials }: Pick<SetupInput, 'serverUrl' | 'credentials'>,
  change: RealmChange<A>,
  options: Pick<SetupOptions, 'dryRun' | 'yes'>,
  out: Output,
  questions: Questions | undefined,
): Promise<Plan<A> | number> {
  if (credentials === undefined) throw new UsageError(['the admin is missing']);
  out.progress('logging in as admin');
  const { api } = await connectAdmin({ serverUrl: trimUrl(serverUrl), credentials });
  out.progress('reading what is there');
  const plan = await change.plan(api);
  out.line(`Keycloak at ${trimUrl(serverUrl)}, realm ${change.title}`);
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
    await change.apply(api, step);
  }
  return plan;
}
