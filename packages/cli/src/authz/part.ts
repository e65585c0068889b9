import {
  type AdminConnection,
  type AuthzModel,
  type AuthzPlan,
  type AuthzState,
  applyAuthz,
} from '../admin/index.ts';
import { type PlanPart, VERBS } from '../plan/part.ts';

/** What a file of permissions changes, as a part of a plan. */
export function toAuthzPart(
  api: AdminConnection['api'],
  title: string,
  { steps, kept, blocked }: AuthzPlan,
  wanted: AuthzModel,
  state: AuthzState,
): PlanPart {
  return {
    title,
    steps,
    kept,
    blocked,
    async *apply() {
      for await (const { kind, subject } of applyAuthz(api, steps, wanted, state))
        yield { verb: VERBS[kind], subject };
    },
  };
}
