import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type { CurrentState } from '../current.ts';
import type { SetupGoal } from '../goal.ts';
import { type AppClient, groupsScope, ownScopeOf, planAppScopes } from './app-scope.ts';
import { planClient } from './client.ts';
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
    planScopes(current, goal),
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

/** The client scopes of the application, for its own client and for those whose tokens are for it. */
function planScopes(current: CurrentState, goal: SetupGoal): Part {
  const clients = [
    {
      client: current.client ?? { clientId: goal.clientId },
      mappers: current.mappers,
      isNew: current.client === null,
    },
    ...current.callers.map((caller) => ({ ...caller, isNew: false })),
  ].map(({ client, mappers, isNew }): AppClient => {
    const {
      clientId = '',
      defaultClientScopes = [],
      optionalClientScopes = [],
    } = client as ClientRepresentation;
    return { clientId, mappers, isNew, scopes: [...defaultClientScopes, ...optionalClientScopes] };
  });
  const scopes = [...(goal.groups.length > 0 ? [groupsScope] : []), ...(goal.scopes ?? []).map(ownScopeOf)];
  return planAppScopes(scopes, current.appScopes, clients);
}
