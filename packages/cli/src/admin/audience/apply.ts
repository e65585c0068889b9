import type AdminClient from '@keycloak/keycloak-admin-client';
import { toAdminError } from '../admin-error.ts';
import { addDefaultScope, putMapper } from '../apply.ts';
import { GROUPS_SCOPE, toAudienceMapper } from '../goal.ts';
import type { Step } from '../plan/step.ts';
import type { AudienceGoal } from './goal.ts';
import type { AudienceAction } from './plan.ts';

/**
 * Does one step; it can be repeated.
 *
 * @throws {AdminError} where Keycloak does not answer or refuses
 */
export async function applyAudienceStep(
  api: AdminClient,
  { realm, clientId }: AudienceGoal,
  { action, kind, subject }: Step<AudienceAction>,
): Promise<void> {
  try {
    const caller = { realm, clientId: action.caller };
    if (action.type === 'add-groups') await addDefaultScope(api, caller, GROUPS_SCOPE);
    else await putMapper(api, caller, toAudienceMapper(clientId));
  } catch (error) {
    throw toAdminError(error, `${kind} the ${subject}`);
  }
}
