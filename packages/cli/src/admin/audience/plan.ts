import { GROUPS_SCOPE, toAudienceMapper } from '../goal.ts';
import { opensAudience } from '../plan/audiences.ts';
import { doesTheWork } from '../plan/mappers.ts';
import type { Blocked, Plan, Step } from '../plan/step.ts';
import type { AudienceState } from './current.ts';
import type { AudienceGoal } from './goal.ts';

/** What a client is to get: the mapper, or the client scope with groups that the API's own client has. */
export interface AudienceAction {
  readonly type: 'put-audience' | 'add-groups';
  readonly caller: string;
}

/** An audience mapper for each client whose tokens do not name the API yet. Nothing else is changed. */
export function planAudience(state: AudienceState, goal: AudienceGoal): Plan<AudienceAction> {
  const steps: Step<AudienceAction>[] = [];
  const kept: string[] = [];
  const blocked: Blocked[] = [];
  if (state.api === undefined) {
    blocked.push({
      subject: `client ${goal.clientId}`,
      why: 'there is no such client, so no token can name it',
      fix: 'Look at --client-id, or run setup api first',
    });
    return { steps, kept, blocked };
  }
  const mapper = toAudienceMapper(goal.clientId);
  const hasGroups = state.api.defaultClientScopes?.includes(GROUPS_SCOPE) ?? false;
  for (const caller of new Set(goal.callers)) {
    const subject = `client ${caller}`;
    const found = state.callers.get(caller);
    const why = found === undefined ? 'there is no such client' : whyNoTokens(found.client);
    if (found === undefined || why !== undefined) {
      blocked.push({ subject, why: why ?? '', fix: 'Look at the client ids of the callers' });
    } else if (found.mappers.some((there) => doesTheWork(there, mapper))) {
      kept.push(subject);
    } else {
      steps.push({
        kind: 'change',
        subject,
        changes: [{ field: 'Mapper', from: '', to: `+ ${mapper.name}` }],
        opens: opensAudience(caller, goal.clientId, [...found.mappers, ...found.askable]),
        action: { type: 'put-audience', caller },
      });
    }
    const lacksGroups = hasGroups && !found?.client.defaultClientScopes?.includes(GROUPS_SCOPE);
    if (found !== undefined && why === undefined && lacksGroups) {
      steps.push({
        kind: 'change',
        subject,
        changes: [{ field: 'Default client scopes', from: '', to: `+ ${GROUPS_SCOPE}` }],
        opens: [`tokens of ${caller} say in which ${GROUPS_SCOPE} a person is`],
        action: { type: 'add-groups', caller },
      });
    }
  }
  return { steps, kept, blocked };
}

function whyNoTokens({ bearerOnly, protocol }: { bearerOnly?: boolean; protocol?: string }) {
  if (bearerOnly) return 'it is bearer-only: no tokens are issued to it';
  return protocol === undefined || protocol === 'openid-connect' ? undefined : `it speaks ${protocol}`;
}
