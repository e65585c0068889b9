import { type CurrentState, withParents } from '../current.ts';
import type { SetupGoal } from '../goal.ts';
import type { Part, Step } from './step.ts';

/** Roles that are asked for and missing. Those of the client follow the client, see `planClientRoles`. */
export function planRoles(current: CurrentState, goal: SetupGoal): Part {
  const steps = missing(goal.realmRoles, current.realmRoles).map(
    (name): Step => ({
      kind: 'create',
      subject: `realm role ${name}`,
      changes: [],
      action: { type: 'create-realm-role', name },
    }),
  );
  return { steps, kept: current.realmRoles.map((name) => `realm role ${name}`), blocked: [] };
}

/** Roles of the client that are asked for and missing. */
export function planClientRoles(current: CurrentState, goal: SetupGoal): Part {
  const steps = missing(goal.clientRoles, current.clientRoles).map(
    (name): Step => ({
      kind: 'create',
      subject: `role ${name} of the client ${goal.clientId}`,
      changes: [],
      action: { type: 'create-client-role', name },
    }),
  );
  return { steps, kept: current.clientRoles.map((name) => `client role ${name}`), blocked: [] };
}

/** Groups that are asked for and missing, parents first. */
export function planGroups(current: CurrentState, goal: SetupGoal): Part {
  const steps = missing(withParents(goal.groups), current.groups).map(
    (path): Step => ({
      kind: 'create',
      subject: `group ${path}`,
      changes: [],
      action: { type: 'create-group', path },
    }),
  );
  return { steps, kept: current.groups.map((path) => `group ${path}`), blocked: [] };
}

/** What the user is to be: roles and groups. Only ever added. */
export function planMemberships(current: CurrentState, goal: SetupGoal): Part {
  if (goal.user === undefined) return { steps: [], kept: [], blocked: [] };
  const subject = `user ${goal.user.username}`;
  const granted = goal.grant ?? goal;
  const realmRoles = missing(granted.realmRoles, current.userRealmRoles);
  const clientRoles = missing(granted.clientRoles, current.userClientRoles);
  const steps: Step[] = [];
  if (realmRoles.length + clientRoles.length > 0) {
    const to = [...realmRoles, ...clientRoles].join(', ');
    steps.push({
      kind: 'change',
      subject,
      changes: [{ field: 'roles', from: '', to: `+ ${to}` }],
      opens: opensRoles(current, goal, realmRoles, clientRoles),
      action: { type: 'grant-roles', realmRoles, clientRoles },
    });
  }
  for (const path of missing(
    withParents(granted.groups).filter((one) => granted.groups.includes(one)),
    current.userGroups,
  )) {
    steps.push({
      kind: 'change',
      subject,
      changes: [{ field: 'groups', from: '', to: `+ ${path}` }],
      opens: isThere(current)
        ? [`${goal.user.username} may what the group ${path} may, in every application`]
        : [],
      action: { type: 'join-group', path },
    });
  }
  return { steps, kept: [], blocked: [] };
}

/** A user who is created can do nothing yet that is to be widened. */
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

function missing(wanted: readonly string[], there: readonly string[]): string[] {
  return wanted.filter((one) => !there.includes(one));
}
