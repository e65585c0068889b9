import type AdminClient from '@keycloak/keycloak-admin-client';
import { toAdminError } from '../admin-error.ts';
import { updateClient } from '../apply.ts';
import { applyAudienceStep } from '../audience/apply.ts';
import type { Step } from '../plan/step.ts';
import { type SpaGoal, toSpaClient } from './goal.ts';
import type { SpaAction } from './plan.ts';

/**
 * Does one step; it can be repeated.
 *
 * @throws {AdminError} where Keycloak does not answer or refuses
 */
export async function applySpaStep(api: AdminClient, goal: SpaGoal, step: Step<SpaAction>): Promise<void> {
  const { action } = step;
  const audience = { realm: goal.realm, clientId: goal.apiClientId, callers: [goal.clientId] };
  if (action.type === 'put-audience' || action.type === 'add-groups')
    return applyAudienceStep(api, audience, { ...step, action });
  try {
    if (action.type === 'update-spa') await updateClient(api, goal, action);
    else await api.clients.create({ realm: goal.realm, ...toSpaClient(goal) });
  } catch (error) {
    const reason = toAdminError(error, `${step.kind} the ${step.subject}`);
    // An earlier run that was cut off has made it.
    if (reason.status !== 409 || action.type !== 'create-spa') throw reason;
  }
}
