import type { WantedClient } from '../plan/complete-client.ts';

/** A service that calls an API in its own name: a confidential client without sign-in. */
export function toServiceClient(clientId: string): WantedClient {
  return {
    clientId,
    protocol: 'openid-connect',
    enabled: true,
    publicClient: false,
    clientAuthenticatorType: 'client-secret',
    standardFlowEnabled: false,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: true,
    redirectUris: [],
    webOrigins: [],
    attributes: {},
    protocolMappers: [],
  };
}
