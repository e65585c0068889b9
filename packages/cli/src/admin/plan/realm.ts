import type { CurrentState } from '../current.ts';
import type { SetupGoal } from '../goal.ts';
import type { Part } from './step.ts';

/** A realm is created with Keycloak's defaults; one that exists is left as it is. */
export function planRealm({ realm }: CurrentState, goal: SetupGoal): Part {
  const subject = `realm ${goal.realm}`;
  if (realm === null) {
    const action = { type: 'create-realm', realm: { realm: goal.realm, enabled: true } } as const;
    return { steps: [{ kind: 'create', subject, changes: [], action }], kept: [], blocked: [] };
  }
  if (realm.enabled !== false) return { steps: [], kept: [subject], blocked: [] };
  if (goal.enable) {
    const changes = [{ field: 'enabled', from: 'off', to: 'on' }];
    const action = { type: 'update-realm', patch: { enabled: true } } as const;
    const opens = [`people can sign in to the realm ${goal.realm} again, to every application of it`];
    return { steps: [{ kind: 'change', subject, changes, opens, action }], kept: [], blocked: [] };
  }
  const blocked = {
    subject,
    why: 'the realm is switched off; somebody may have had a reason',
    fix: 'Realm settings > Enabled (top right) ON, or run setup with --enable',
  };
  return { steps: [], kept: [], blocked: [blocked] };
}
