import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';
import type { CurrentState } from '../current.ts';
import { type SetupGoal, toAudienceMapper, type toGroupsMapper } from '../goal.ts';
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

/** Whether a mapper that is there does what another one is wanted for. */
export function doesTheWork(
  there: ProtocolMapperRepresentation,
  wanted: ReturnType<typeof toAudienceMapper> | ReturnType<typeof toGroupsMapper>,
): boolean {
  if (there.protocolMapper !== wanted.protocolMapper) return false;
  const config: Record<string, string> = there.config ?? {};
  if (config['access.token.claim'] !== 'true') return false;
  if (wanted.protocolMapper === 'oidc-group-membership-mapper') {
    return config['claim.name'] === 'groups' && config['full.path'] !== 'false';
  }
  const client = wanted.config['included.client.audience'];
  // A client wins over a custom audience where both are set.
  return (config['included.client.audience'] || config['included.custom.audience']) === client;
}
