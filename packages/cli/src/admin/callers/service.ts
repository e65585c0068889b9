import { PLAIN_CLIENT, type WantedClient } from '../plan/complete-client.ts';

/** A service that calls an API in its own name: a confidential client without sign-in. */
export function toServiceClient(clientId: string): WantedClient {
  return {
    ...PLAIN_CLIENT,
    clientId,
    clientAuthenticatorType: 'client-secret',
    serviceAccountsEnabled: true,
  };
}
