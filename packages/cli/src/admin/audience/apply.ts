import type AdminClient from '@keycloak/keycloak-admin-client';
import { toAdminError } from '../admin-error.ts';
import { putMapper } from '../apply.ts';
import { toAudienceMapper } from '../goal.ts';
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
    await putMapper(api, { realm, clientId: action.caller }, toAudienceMapper(clientId));
  } catch (error) {
    throw toAdminError(error, `${kind} the ${subject}`);
  }
}
