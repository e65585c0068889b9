import type { CurrentState } from '../current.ts';
import type { SetupGoal } from '../goal.ts';
import { planClient } from './client.ts';
import { planGroupsScope } from './groups-scope.ts';
import { planRealm } from './realm.ts';
import { planGroups, planMemberships, planRoles } from './roles.ts';
import type { Part, Plan } from './step.ts';
import { planUser } from './user.ts';

/**
 * Compares what is there with what is wanted. Pure: the same input gives the same plan, in the order in which the
 * steps have to be done. Nothing is ever deleted, and no switch that makes a realm safer is ever turned back.
 */
export function makePlan(current: CurrentState, goal: SetupGoal): Plan {
  const parts: Part[] = [
    planRealm(current, goal),
    planRoles(current, goal),
    planGroups(current, goal),
    planClient(current, goal),
    planGroupsScope(current, goal),
    planUser(current, goal),
    planMemberships(current, goal),
  ];
  const steps = parts.flatMap((part) => part.steps);
  const touched = new Set(steps.map((step) => step.subject));
  return {
    steps,
    kept: parts.flatMap((part) => part.kept).filter((subject) => !touched.has(subject)),
    blocked: parts.flatMap((part) => part.blocked),
  };
}
