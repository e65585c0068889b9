import type UserRepresentation from '@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js';
import type { CurrentState } from '../current.ts';
import { type SetupGoal, toUser, type UserGoal } from '../goal.ts';
import {
  type Blocked,
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
  const has = (name: string) =>
    user?.attributes?.[name] !== undefined || target.attributes[name] !== undefined;
  const blocked: Blocked[] = current.requiredAttributes
    .filter((name) => !['username', 'email', 'firstName', 'lastName'].includes(name) && !has(name))
    .map((name) => ({
      subject,
      why: `the realm's user profile requires '${name}', and users without it cannot log in with a password`,
      fix: `run setup with --attribute ${name}=<value>`,
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
  const attributes: Record<string, string[]> = {};
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
  for (const [name, value] of Object.entries(target.attributes)) {
    if (user.attributes?.[name] !== undefined) continue;
    attributes[name] = [value];
    changes.push(change(name, value));
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
  return [toChange(subject, changes, { type: 'update-user', patch, attributes }, opens)];
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
  if (user.enabled === false && !goal.enable) {
    block(
      'the user is switched off, perhaps on purpose',
      `${page} > Enabled (top right) ON, or run setup with --enable`,
    );
  }
  const left = actionsLeft(user, goal.user);
  if (left.length > 0) {
    block(
      `the user has to do something first (${left.join(', ')}), so POST /login answers 403`,
      left.includes('UPDATE_PASSWORD')
        ? 'let the user choose a password once in a browser, or run setup with --reset-password and a new password'
        : `let the user do it once in a browser, or ${page} > Details > Required user actions: remove it`,
    );
  }
  if (current.realm?.verifyEmail && user.email && user.emailVerified === false) {
    block('the realm wants verified addresses, and this one is not', `${page} > Details > Email verified ON`);
  }
  if (!current.userHasPassword && goal.user?.password === undefined && !user.federationLink) {
    block('the user has no password', 'run setup with SETUP_PASSWORD set, or with --user-password-stdin');
  }
  return blocked;
}
