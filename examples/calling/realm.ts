// Who may call whom. In a Keycloak: `setup service` and `setup audience`.
import type { RealmRepresentation } from '@keycloak-guard/testing';

export const SECRET = 'for-development-only';

/** A client scope that brings a service into the audience of tokens. */
const to = (client: string) => ({
  name: `to-${client}`,
  protocolMappers: [
    {
      name: 'audience',
      protocolMapper: 'oidc-audience-mapper',
      config: { 'included.client.audience': client, 'access.token.claim': 'true' },
    },
  ],
});

const service = (clientId: string, calls: string, more: object = {}) => ({
  clientId,
  secret: SECRET,
  serviceAccountsEnabled: true,
  attributes: { 'standard.token.exchange.enabled': 'true' },
  defaultClientScopes: ['basic', 'profile'],
  optionalClientScopes: [`to-${calls}`],
  ...more,
});

/** @param front address of the front end @param agent URL of the MCP server, which is its client id */
export const toRealm = (front: string, agent: string): RealmRepresentation => ({
  realm: 'calling',
  clientScopes: [to('orders'), to('shop'), to('front'), to(agent)],
  clients: [
    // People sign in here. Its own guard takes its tokens, so they name it.
    service('front', 'shop', {
      standardFlowEnabled: true,
      redirectUris: [`${front}/*`],
      defaultClientScopes: ['basic', 'profile', 'to-front'],
    }),
    service(agent, 'shop'),
    service('shop', 'orders'),
    service('orders', 'orders'),
    // A program of the user, such as an assistant, that uses the MCP server.
    { clientId: 'assistant', publicClient: true, defaultClientScopes: ['basic', 'profile', `to-${agent}`] },
  ],
  users: [
    {
      username: 'anna',
      enabled: true,
      // Without names Keycloak asks for them first.
      ...{ email: 'anna@example.com', firstName: 'Anna', lastName: 'Example' },
      credentials: [{ type: 'password', value: 'Test#123456' }],
    },
  ],
});
