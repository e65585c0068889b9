import type UserRepresentation from '@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js';
import { type CurrentState, withParents } from '../current.ts';
import { type SetupGoal, toNewRealm, toUser, type UserGoal } from '../goal.ts';
import {
  type Action,
  added,
  type Blocked,
  blockedPart,
  type Change,
  change,
  newPart,
  type Part,
  type Step,
  switchedOn,
  toChange,
  toCreate,
} from './step.ts';

/**
 * The required actions that stay. A complete profile makes some of them needless. A temporary password stays temporary until it
 * is replaced, because an admin knows it. The others (OTP, terms, …) were chosen by an admin.
 */
function actionsLeft(user: UserRepresentation, target: UserGoal | undefined): string[] {
  const needless = ['UPDATE_PROFILE', 'VERIFY_PROFILE'];
  if (target?.resetPassword && target.password !== undefined) needless.push('UPDATE_PASSWORD');
  return (user.requiredActions ?? []).filter((action) => !needless.includes(action));
}

/** The user: created whole in one call, or completed. Nothing that is filled in is replaced. */
export function planUser(current: CurrentState, goal: SetupGoal): Part {
  const { user: target } = goal;
  if (target === undefined) return newPart();
  const subject = `user ${target.username}`;
  const { user } = current;
  const blocked: Blocked[] = current.requiredAttributes
    .filter(
      (name) =>
        !['username', 'email', 'firstName', 'lastName'].includes(name) &&
        user?.attributes?.[name] === undefined,
    )
    .map((name) => ({
      subject,
      why: `the realm's user profile requires '${name}', and users without it cannot log in with a password`,
      fix: `Users > ${target.username} > Details: fill '${name}'`,
    }));

  if (user === null) {
    const changes = [
      change('Email', `${target.email} (verified)`),
      change('First and last name', `${target.firstName} ${target.lastName}`),
      change('Password', 'set, not temporary'),
    ];
    const action = { type: 'create-user', user: toUser(target) } as const;
    return { steps: [toCreate(subject, action, changes)], kept: [], blocked };
  }
  const steps = [...complete(user, target, subject, goal.enable), ...planPassword(current, target, subject)];
  blocked.push(...userBlocks(current, user, subject, goal));
  return { steps, kept: steps.length === 0 ? [subject] : [], blocked };
}

function complete(user: UserRepresentation, target: UserGoal, subject: string, enable: boolean): Step[] {
  const changes: Change[] = [];
  const opens: string[] = [];
  const patch: Record<string, unknown> = {};
  for (const [field, key] of [
    ['Email', 'email'],
    ['First name', 'firstName'],
    ['Last name', 'lastName'],
  ] as const) {
    if (user[key]) continue;
    patch[key] = target[key];
    if (key === 'email') patch.emailVerified = true;
    changes.push(change(field, target[key]));
  }
  const actions = user.requiredActions ?? [];
  const left = actionsLeft(user, target);
  if (left.length < actions.length) {
    patch.requiredActions = left;
    changes.push(change('Required user actions', left.join(', ') || 'none', actions.join(', ')));
  }
  if (user.enabled === false && enable) {
    patch.enabled = true;
    opens.push(`${user.username} can sign in again`);
    changes.push(switchedOn('Enabled'));
  }
  if (changes.length === 0) return [];
  return [toChange(subject, changes, { type: 'update-user', patch }, opens)];
}

function planPassword(current: CurrentState, target: UserGoal, subject: string): Step[] {
  if (target.password === undefined || (current.userHasPassword && !target.resetPassword)) return [];
  const changes = [change('Password', 'set, not temporary', current.userHasPassword ? 'as it was' : 'none')];
  const opens = [
    `who knows the new password signs in as ${target.username}, to every application of the realm`,
  ];
  return [toChange(subject, changes, { type: 'set-password', password: target.password }, opens)];
}

function userBlocks(
  current: CurrentState,
  user: UserRepresentation,
  subject: string,
  goal: SetupGoal,
): Blocked[] {
  const blocked: Blocked[] = [];
  const block = (why: string, fix: string) => blocked.push({ subject, why, fix });
  const page = `Users > ${user.username}`;
  if (user.enabled === false && !goal.enable)
    block(
      'the user is switched off, perhaps on purpose',
      `${page} > Enabled (top right) ON, or run setup with --enable`,
    );
  const left = actionsLeft(user, goal.user);
  if (left.length > 0)
    block(
      `the user has to do something first (${left.join(', ')}), so POST /login answers 403`,
      left.includes('UPDATE_PASSWORD')
        ? 'let the user choose a password once in a browser, or run setup with --reset-password and a new password'
        : `let the user do it once in a browser, or ${page} > Details > Required user actions: remove it`,
    );
  if (current.realm?.verifyEmail && user.email && user.emailVerified === false)
    block('the realm wants verified addresses, and this one is not', `${page} > Details > Email verified ON`);
  if (!current.userHasPassword && goal.user?.password === undefined && !user.federationLink)
    block('the user has no password', 'run setup with SETUP_PASSWORD set, or with --user-password-stdin');
  return blocked;
}

/** A realm is created with Keycloak's defaults; one that exists stays as it is. */
export function planRealm({ realm }: CurrentState, goal: SetupGoal): Part {
  const subject = `realm ${goal.realm}`;
  if (realm === null) {
    const action = { type: 'create-realm', realm: toNewRealm(goal) } as const;
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
    const changes = [
      ...(realmRoles.length > 0 ? [added('Realm roles', ...realmRoles)] : []),
      ...(clientRoles.length > 0 ? [added(`Roles of ${goal.clientId}`, ...clientRoles)] : []),
    ];
    const opens = opensRoles(current, goal, realmRoles, clientRoles);
    part.steps.push(toChange(subject, changes, { type: 'grant-roles', realmRoles, clientRoles }, opens));
  }
  const groups = withParents(granted.groups).filter((one) => granted.groups.includes(one));
  for (const path of missing(groups, current.userGroups)) {
    const opens = [`${username} may what the group ${path} may, in every application`];
    const action = { type: 'join-group', path } as const;
    part.steps.push(toChange(subject, [added('Groups', path)], action, isThere(current) ? opens : []));
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
