import type { CurrentState } from '../current.ts';
import type { SetupGoal } from '../goal.ts';
import { groupsScope, ownScopeOf, planAppScopes, toAppClient } from './app-scope.ts';
import { planClient } from './client.ts';
import { planRealm } from './realm.ts';
import { planGroups, planMemberships, planRoles } from './roles.ts';
import { joinParts, type Part, type Plan } from './step.ts';
import { planUser } from './user.ts';

/**
 * Compares the current state with the goal. Pure: the same input gives the same plan, in the order of execution. It never
 * deletes anything, and never turns off a safety switch.
 */
export function makePlan(current: CurrentState, goal: SetupGoal): Plan {
  const plan = joinParts([
    planRealm(current, goal),
    planRoles(current, goal),
    planGroups(current, goal),
    planClient(current, goal),
    planScopes(current, goal),
    planUser(current, goal),
    planMemberships(current, goal),
  ]);
  const touched = new Set(plan.steps.map((step) => step.subject));
  return { ...plan, kept: plan.kept.filter((subject) => !touched.has(subject)) };
}

/** The client scopes of the application, for its own client and for its callers. */
function planScopes(current: CurrentState, goal: SetupGoal): Part {
  const own = current.client ?? { clientId: goal.clientId };
  const clients = [
    toAppClient(own, current.mappers, current.client === null),
    ...current.callers.map(({ client, mappers }) => toAppClient(client, mappers, false)),
  ];
  const scopes = [...(goal.groups.length > 0 ? [groupsScope] : []), ...(goal.scopes ?? []).map(ownScopeOf)];
  return planAppScopes(scopes, current.appScopes, clients);
}
