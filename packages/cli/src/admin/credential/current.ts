import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type IdentityProviderRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderRepresentation.js';
import { trying } from '../admin-error.ts';
import type { CredentialGoal } from './goal.ts';

/** The current state, as far as it says how a client proves who it is. */
export interface CredentialState {
  readonly client: ClientRepresentation | undefined;
  /** Ids of the authenticators that this Keycloak has. */
  readonly authenticators: readonly string[];
  /** Who signs tokens that clients may prove themselves with. */
  readonly providers: readonly IdentityProviderRepresentation[];
  /** The other clients of the realm. */
  readonly others: readonly ClientRepresentation[];
}

/**
 * Reads the current state. Changes nothing.
 *
 * @throws {AdminError}
 */
export async function readCredential(
  api: AdminClient,
  { realm, clientId }: { readonly realm: string; readonly clientId: string },
  { type }: CredentialGoal,
): Promise<CredentialState> {
  return trying(`see how ${clientId} proves who it is`, async () => {
    const isThere = Boolean(await api.realms.findOne({ realm }));
    const [found, authenticators, providers] = await Promise.all([
      isThere ? api.clients.find({ realm, ...(type === 'kubernetes' ? {} : { clientId }) }) : [],
      // All realms have the same ones; its type knows nothing of the realm.
      api.authenticationManagement.getClientAuthenticatorProviders({
        realm: isThere ? realm : 'master',
      } as never),
      isThere && type === 'kubernetes' ? api.identityProviders.find({ realm }) : [],
    ]);
    return {
      client: found.find((one) => one.clientId === clientId),
      authenticators: authenticators.map(({ id = '' }) => id),
      providers,
      others: found.filter((one) => one.clientId !== clientId),
    };
  });
}
