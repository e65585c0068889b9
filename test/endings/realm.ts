import { readEventsRealm } from '../support/events-realm.ts';

export const MCP_URL = 'https://tools.example.com/mcp';
export const CLIENT = 'fastapi-keycloak';
/** The client of the downstream service. */
export const ORDERS = 'orders';
/** The one whom everything happens to, and somebody else. */
export const PERSON = 'abdullah';
export const NEIGHBOUR = 'sara';

const mapper = (name: string, audience: object) => ({
  ...{ name, protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper' },
  config: { ...audience, 'access.token.claim': 'true' },
});

/** The guide's realm, with events, permissions, an MCP server and a service to call. */
export function toRealm() {
  const realm = readEventsRealm();
  const client = realm.clients?.find(({ clientId }) => clientId === CLIENT);
  Object.assign(client ?? {}, {
    directAccessGrantsEnabled: true,
    authorizationServicesEnabled: true,
    attributes: { ...client?.attributes, 'standard.token.exchange.enabled': 'true' },
    protocolMappers: [
      ...(client?.protocolMappers ?? []),
      mapper('mcp', { 'included.custom.audience': MCP_URL }),
      mapper('self', { 'included.client.audience': CLIENT }),
    ],
    optionalClientScopes: [...(client?.optionalClientScopes ?? []), 'to-orders'],
    authorizationSettings: {
      policyEnforcementMode: 'ENFORCING',
      decisionStrategy: 'UNANIMOUS',
      scopes: [{ name: 'view' }],
      resources: [{ name: 'orders', scopes: [{ name: 'view' }] }],
      policies: [
        {
          ...{ name: 'users', type: 'role', logic: 'POSITIVE', decisionStrategy: 'UNANIMOUS' },
          config: { roles: JSON.stringify([{ id: 'user', required: false }]) },
        },
        {
          ...{ name: 'view', type: 'scope', logic: 'POSITIVE', decisionStrategy: 'UNANIMOUS' },
          config: { resources: '["orders"]', scopes: '["view"]', applyPolicies: '["users"]' },
        },
      ],
    },
  });
  const sara = realm.users?.find(({ username }) => username === NEIGHBOUR);
  if (sara !== undefined) sara.realmRoles = [...(sara.realmRoles ?? []), 'user'];
  realm.clients?.push({ clientId: ORDERS, enabled: true, secret: 'secret-of-orders' });
  realm.clientScopes = [
    ...(realm.clientScopes ?? []),
    {
      ...{ name: 'to-orders', protocol: 'openid-connect' },
      protocolMappers: [mapper('orders', { 'included.client.audience': ORDERS })],
    } as never,
  ];
  return realm;
}
