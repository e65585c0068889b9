import type { PolicyEnforcerConfig } from '../../../packages/connect/src/index.ts';

/** @param hyphenated name of a resource with a hyphen, which Keycloak may take for an id */
export const settingsOf = (hyphenated: string) => ({
  allowRemoteResourceManagement: true,
  policyEnforcementMode: 'ENFORCING',
  decisionStrategy: 'UNANIMOUS',
  scopes: ['view', 'edit', 'delete'].map((name) => ({ name })),
  resources: [
    resource('orders', ['/orders', '/orders/*'], ['view', 'edit', 'delete'], 'urn:api:order'),
    resource('order by id', ['/orders/{id}/lines'], ['view'], 'urn:api:order'),
    resource('reports', ['/reports/*'], ['view']),
    resource('admin', ['/admin'], ['view']),
    resource('unprotected', ['/unprotected'], ['view']),
    resource('no scopes', ['/no-scopes'], []),
    resource('office', [], ['view']),
    resource(hyphenated, [], ['delete']),
  ],
  policies: [
    policy('is member', 'role', { roles: JSON.stringify([{ id: 'member', required: false }]) }),
    policy('only alice', 'user', { users: JSON.stringify(['alice']) }),
    policy('in the office', 'regex', {
      targetClaim: 'place',
      pattern: '^office$',
      targetContextAttributes: 'true',
    }),
    policy('orders for members', 'resource', {
      defaultResourceType: 'urn:api:order',
      applyPolicies: '["is member"]',
    }),
    scoped('edit needs alice', 'orders', ['edit', 'delete'], 'only alice'),
    scoped('reports for alice', 'reports', ['view'], 'only alice'),
    scoped('admin for alice', 'admin', ['view'], 'only alice'),
    scoped('delete it', hyphenated, ['delete'], 'only alice'),
    scoped('office from the office', 'office', ['view'], 'in the office'),
    policy('no scopes for members', 'resource', {
      resources: '["no scopes"]',
      applyPolicies: '["is member"]',
    }),
  ],
});

function resource(name: string, uris: string[], scopes: string[], type?: string) {
  return {
    name,
    uris,
    scopes: scopes.map((one) => ({ name: one })),
    ...(type === undefined ? {} : { type }),
  };
}

function policy(name: string, type: string, config: Record<string, string>) {
  return { name, type, logic: 'POSITIVE', decisionStrategy: 'UNANIMOUS', config };
}

/** A permission for scopes of one resource. */
export function scoped(name: string, of: string, scopes: string[], by: string) {
  const config = { resources: [of], scopes, applyPolicies: [by] };
  return policy(
    name,
    'scope',
    Object.fromEntries(Object.entries(config).map(([k, v]) => [k, JSON.stringify(v)])),
  );
}

/** The paths of these resources, as a path enforcer is told of them. */
export const PATHS: PolicyEnforcerConfig = {
  paths: [
    ...['/orders', '/orders/*'].map((path) => ({
      path,
      methods: [
        { method: 'GET', scopes: ['view'] },
        { method: 'PUT', scopes: ['edit'] },
        { method: 'DELETE', scopes: ['delete'] },
      ],
    })),
    ...['/orders/{id}/lines', '/reports/*', '/admin', '/unprotected'].map((path) => ({
      path,
      methods: [{ method: 'GET', scopes: ['view'] }],
    })),
    { path: '/no-scopes' },
  ],
};

/** Tokens of the clients that ask are for the API. */
export const AUDIENCE = {
  name: 'aud-api',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: {
    'included.client.audience': 'api',
    'access.token.claim': 'true',
    'introspection.token.claim': 'true',
  },
};

export const person = (username: string, realmRoles: string[]) => ({
  ...{ username, enabled: true, email: `${username}@acme.test`, emailVerified: true, realmRoles },
  ...{ firstName: username, lastName: 'Test', credentials: [{ type: 'password', value: `${username}-pw` }] },
});
