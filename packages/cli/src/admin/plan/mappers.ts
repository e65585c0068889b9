import type { CurrentState } from '../current.ts';
import type { SetupGoal } from '../goal.ts';
import { doesTheWork, toAudienceMapper } from '../mapper.ts';
import { opensAudience } from './audiences.ts';
import type { Step } from './step.ts';

/** Adds a mapper where no mapper, of the client or of a default scope, does its work already. */
export function planMappers(current: CurrentState, goal: SetupGoal): Step[] {
  return [toAudienceMapper(goal.clientId)]
    .filter((wanted) => !current.mappers.some((there) => doesTheWork(there, wanted)))
    .map((mapper) => {
      const there = current.client?.protocolMappers?.find((one) => one.name === mapper.name);
      return {
        kind: 'change',
        subject: `client ${goal.clientId}`,
        changes: [{ field: 'Mapper', from: there ? `${mapper.name} (not as needed)` : '', to: mapper.name }],
        opens: opensAudience(goal.clientId, goal.clientId, current.mappers),
        action: { type: 'put-mapper', mapper },
      };
    });
}
