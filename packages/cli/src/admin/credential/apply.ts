import type AdminClient from '@keycloak/keycloak-admin-client';
import { toAdminError } from '../admin-error.ts';
import { updateClient } from '../apply.ts';
import type { Step } from '../plan/step.ts';
import type { CredentialAction } from './plan.ts';

/**
 * Does one step; it can be repeated.
 *
 * @throws {AdminError} where Keycloak does not answer or refuses
 */
export async function applyCredentialStep(
  api: AdminClient,
  goal: { readonly realm: string; readonly clientId: string },
  { action, kind, subject }: Step<CredentialAction>,
): Promise<void> {
  try {
    if (action.type === 'set-credential') return await updateClient(api, goal, action);
    const { alias, issuer } = action;
    const provider = {
      realm: goal.realm,
      alias,
      providerId: 'kubernetes',
      enabled: true,
      config: { issuer },
    };
    await api.identityProviders.create(provider);
  } catch (error) {
    const reason = toAdminError(error, `${kind} the ${subject}`);
    // An earlier run that was cut off has made it.
    if (reason.status !== 409) throw reason;
  }
}
