import { type CurrentState, withParents } from '../current.ts';
import type { SetupGoal } from '../goal.ts';
import {
  type Action,
  added,
  blockedPart,
  newPart,
  type Part,
  switchedOn,
  toChange,
  toCreate,
} from './step.ts';

const toNewRealm = ({ realm, organizations }: SetupGoal) => ({
  ...{ realm, enabled: true },
  ...(organizations ? { organizationsEnabled: true } : {}),
});

/** A realm is created with Keycloak's defaults; one that exists stays as it is. */
export function planRealm({ realm }: CurrentState, goal: SetupGoal): Part {
  const subject = `realm ${goal.realm}`;
  if (realm === null) {
    const action = { type: 'create-realm', realm: { ...toNewRealm(goal) } } as const;
    const changes = goal.organizations ? [switchedOn('Organizations')] : [];
    return { steps: [toCreate(subject, action, changes)], kept: [], blocked: [] };
  }
  if (realm.enabled !== false) return { steps: [], kept: [subject], blocked: [] };
  if (goal.enable) {
    const action = { type: 'update-realm', patch: { enabled: true } } as const;
    const opens = [`people can sign in to the realm ${goal.realm} again, to every application of it`];
    return { steps: [toChange(subject, [switchedOn('enabled')], action, opens)], kept: [], blocked: [] };
  }
  return blockedPart(
    subject,
    'the realm is switched off, perhaps on purpose',
    'Realm settings > Enabled (top right) ON, or run setup with --enable',
  );
}

function planNames(
  names: readonly string[],
  there: readonly string[],
  toSubject: (name: string) => string,
  toAction: (name: string) => Action,
  toKept = toSubject,
): Part {
  const steps = missing(names, there).map((name) => toCreate(toSubject(name), toAction(name)));
  return { steps, kept: there.map(toKept), blocked: [] };
}

/** Roles of the realm. Those of the client follow the client, see {@link planClientRoles}. */
export const planRoles = (current: CurrentState, { realmRoles }: SetupGoal): Part =>
  planNames(
    realmRoles,
    current.realmRoles,
    (name) => `realm role ${name}`,
    (name) => ({ type: 'create-realm-role', name }),
  );

export const planClientRoles = (current: CurrentState, { clientId, clientRoles }: SetupGoal): Part =>
  planNames(
    clientRoles,
    current.clientRoles,
    (name) => `role ${name} of the client ${clientId}`,
    (name) => ({ type: 'create-client-role', name }),
    (name) => `client role ${name}`,
  );

export const planGroups = (current: CurrentState, { groups }: SetupGoal): Part =>
  planNames(
    withParents(groups),
    current.groups,
    (path) => `group ${path}`,
    (path) => ({ type: 'create-group', path }),
  );

export function planMemberships(current: CurrentState, goal: SetupGoal): Part {
  const part = newPart();
  if (goal.user === undefined) return part;
  const { username } = goal.user;
  const subject = `user ${username}`;
  const granted = goal.grant ?? goal;
  const realmRoles = missing(granted.realmRoles, current.userRealmRoles);
  const clientRoles = missing(granted.clientRoles, current.userClientRoles);
  if (realmRoles.length + clientRoles.length > 0) {
    const changes = [added('roles', ...realmRoles, ...clientRoles)];
    const opens = opensRoles(current, goal, realmRoles, clientRoles);
    part.steps.push(toChange(subject, changes, { type: 'grant-roles', realmRoles, clientRoles }, opens));
  }
  const groups = withParents(granted.groups).filter((one) => granted.groups.includes(one));
  for (const path of missing(groups, current.userGroups)) {
    const opens = [`${username} may what the group ${path} may, in every application`];
    const action = { type: 'join-group', path } as const;
    part.steps.push(toChange(subject, [added('groups', path)], action, isThere(current) ? opens : []));
  }
  return part;
}

/** A new user has no rights yet that could grow. */
const isThere = ({ user }: CurrentState): boolean => user !== null;

function opensRoles(
  current: CurrentState,
  goal: SetupGoal,
  realmRoles: readonly string[],
  clientRoles: readonly string[],
): string[] {
  if (!isThere(current)) return [];
  const name = goal.user?.username;
  return [
    ...realmRoles.map((role) => `${name} may what the role ${role} may, in every application of the realm`),
    ...(clientRoles.length > 0
      ? [
          `${name} has ${clientRoles.join(', ')} of ${goal.clientId}: tokens that other clients get for ${name} name ${goal.clientId} as audience`,
        ]
      : []),
  ];
}

function missing(names: readonly string[], there: readonly string[]): string[] {
  return names.filter((one) => !there.includes(one));
}
