import type { CurrentState } from '../current.ts';
import { GROUPS_SCOPE, type SetupGoal, toGroupsMapper } from '../goal.ts';
import { doesTheWork } from './mappers.ts';
import type { Part, Step } from './step.ts';

/**
 * Groups in the tokens that the API gets: in those of its own client, and of every other client whose tokens are for it. One
 * client scope does it for all; a client that has a mapper of its own needs it not.
 */
export function planGroupsScope(current: CurrentState, goal: SetupGoal): Part {
  const part: Part = { steps: [], kept: [], blocked: [] };
  if (goal.groups.length === 0) return part;
  const subject = `client scope ${GROUPS_SCOPE}`;
  const wanted = toGroupsMapper();
  const clients = [
    { clientId: goal.clientId, mappers: current.mappers, isNew: current.client === null },
    ...current.callers.map(({ client, mappers }) => ({
      clientId: client.clientId ?? '',
      mappers,
      isNew: false,
    })),
  ];
  const lacking = clients.filter(({ mappers }) => !mappers.some((there) => doesTheWork(there, wanted)));
  if (lacking.length === 0) return part;
  const { groupsScope: there } = current;
  if (there === undefined) {
    const changes = [{ field: 'Mapper', from: '', to: 'groups as full paths' }];
    part.steps.push({ kind: 'create', subject, changes, action: { type: 'create-groups-scope' } });
  } else if (!there.protocolMappers?.some((mapper) => doesTheWork(mapper, wanted))) {
    // Who has it already would get another claim than before.
    part.blocked.push({
      subject,
      why: 'it is there, and does not put full paths of groups into the claim groups of access tokens',
      fix: `Client scopes > ${GROUPS_SCOPE} > Mappers: Group Membership, Token Claim Name = groups, Full group path ON, Add to access token ON`,
    });
    return part;
  } else part.kept.push(subject);
  for (const { clientId, isNew } of lacking) part.steps.push(toStep(clientId, isNew));
  return part;
}

function toStep(clientId: string, isNew: boolean): Step {
  return {
    kind: 'change',
    subject: `client ${clientId}`,
    changes: [{ field: 'Default client scopes', from: '', to: `+ ${GROUPS_SCOPE}` }],
    opens: isNew ? [] : [`tokens of ${clientId} say in which ${GROUPS_SCOPE} a person is`],
    action: { type: 'add-default-scope', scope: GROUPS_SCOPE, client: clientId },
  };
}
