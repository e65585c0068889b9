import type { CurrentState } from '../current.ts';
import type { SetupGoal } from '../goal.ts';
import { blockedPart, type Part, switchedOn, toChange, toCreate } from './step.ts';

/** A realm is created with Keycloak's defaults; one that exists stays as it is. */
export function planRealm({ realm }: CurrentState, goal: SetupGoal): Part {
  const subject = `realm ${goal.realm}`;
  if (realm === null) {
    const action = { type: 'create-realm', realm: { realm: goal.realm, enabled: true } } as const;
    return { steps: [toCreate(subject, action)], kept: [], blocked: [] };
  }
  if (realm.enabled !== false) return { steps: [], kept: [subject], blocked: [] };
  if (goal.enable) {
    const action = { type: 'update-realm', patch: { enabled: true } } as const;
    const opens = [`people can sign in to the realm ${goal.realm} again, to every application of it`];
    return { steps: [toChange(subject, [switchedOn('enabled')], action, opens)], kept: [], blocked: [] };
  }
  return blockedPart(
    subject,
    'the realm is switched off; somebody may have had a reason',
    'Realm settings > Enabled (top right) ON, or run setup with --enable',
  );
}
