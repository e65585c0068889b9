import type AdminClient from '@keycloak/keycloak-admin-client';
import { toAdminError } from '../admin-error.ts';
import { addDefaultScope, addOptionalScope, updateClient } from '../apply.ts';
import { GROUPS_SCOPE, toAudienceMapper } from '../goal.ts';
import type { Step } from '../plan/step.ts';
import { type ServiceGoal, toCallScope, toServiceClient } from './goal.ts';
import type { ServiceAction } from './plan.ts';

/**
 * Does one step; it can be repeated.
 *
 * @throws {AdminError} where Keycloak does not answer or refuses
 */
export async function applyServiceStep(
  api: AdminClient,
  goal: ServiceGoal,
  { action, kind, subject }: Step<ServiceAction>,
): Promise<void> {
  const { realm } = goal;
  try {
    if (action.type === 'create-service') await api.clients.create({ realm, ...toServiceClient(goal) });
    else if (action.type === 'update-service') await updateClient(api, goal, action);
    else if (action.type === 'add-call-scope') await addOptionalScope(api, goal, action.scope);
    else if (action.type === 'add-groups') await addDefaultScope(api, goal, GROUPS_SCOPE);
    else {
      await api.clientScopes.create({
        realm,
        name: toCallScope(action.called),
        protocol: 'openid-connect',
        attributes: { 'include.in.token.scope': 'true', 'display.on.consent.screen': 'true' },
        protocolMappers: [toAudienceMapper(action.called)],
      });
    }
  } catch (error) {
    const reason = toAdminError(error, `${kind} the ${subject}`);
    // An earlier run that was cut off has made it.
    if (reason.status !== 409) throw reason;
  }
}
