import { createKeycloakMessages, type KeycloakMessages } from '../../../core/internal.ts';
import type { Realms } from '../realms.ts';

/** Reads Keycloak's messages for the realm of a request. */
export type MessageReader<Incoming> = (request: Incoming) => KeycloakMessages;

export function createMessageReader<Incoming>({
  verifier,
  tenants,
  verifierOf,
}: Pick<Realms<Incoming>, 'verifier' | 'tenants' | 'verifierOf'>): MessageReader<Incoming> {
  const one = tenants === undefined ? createKeycloakMessages(verifier.members as never) : undefined;
  return (request) =>
    one ?? createKeycloakMessages(async (token) => (await verifierOf(request, token)).members as never);
}
