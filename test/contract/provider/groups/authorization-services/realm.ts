import type {
  AuthorizationSettings,
  ClientRepresentation,
  UserRepresentation,
} from '../../../../../packages/testing/src/index.ts';
import type { Change } from '../../target.ts';

type Policy = NonNullable<AuthorizationSettings['policies']>[number];

/** Lists are JSON in a text. */
export function policy(
  name: string,
  type: string,
  config: Record<string, unknown>,
  more: Partial<Policy> = {},
): Policy {
  const texts = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return {
    ...{ name, type, logic: 'POSITIVE', decisionStrategy: 'UNANIMOUS' },
    ...{ config: Object.fromEntries(texts), ...more },
  };
}

/** A permission for a scope of resources. */
export const onScopes = (
  name: string,
  resources: string[],
  scopes: string[],
  applyPolicies: string[],
  more: Partial<Policy> = {},
) =>
  policy(
    name,
    'scope',
    resources.length === 0 ? { scopes, applyPolicies } : { resources, scopes, applyPolicies },
    more,
  );

/** A permission for whole resources. */
export const onResources = (
  name: string,
  resources: string[],
  applyPolicies: string[],
  more: Partial<Policy> = {},
) => policy(name, 'resource', { resources, applyPolicies }, more);

export function resource(name: string, scopes: string[], more: object = {}) {
  return { name, scopes: scopes.map((one) => ({ name: one })), uris: [], ...more };
}

export const POLICIES: readonly Policy[] = [
  policy('is member', 'role', { roles: [{ id: 'member', required: false }], fetchRoles: 'true' }),
  policy('only alice', 'user', { users: ['alice'] }),
  policy('never', 'time', { noa: '2001-01-01 00:00:00' }),
  policy('always', 'time', { nbf: '2001-01-01 00:00:00' }),
];

export const SETTINGS: AuthorizationSettings = {
  allowRemoteResourceManagement: true,
  policyEnforcementMode: 'ENFORCING',
  decisionStrategy: 'UNANIMOUS',
  scopes: ['view', 'edit', 'delete', 'lonely'].map((name) => ({ name })),
  resources: [
    resource('orders', ['view', 'edit', 'delete'], { type: 'order', uris: ['/orders', '/orders/*'] }),
    resource('order lines', ['view'], { type: 'order', uris: ['/orders/{id}/lines'] }),
    resource('reports', ['view'], { uris: ['/reports/*'] }),
    resource('admin', ['view'], { uris: ['/admin'] }),
    resource('unprotected', ['view']),
    resource('no scopes', []),
    resource('office', ['view']),
    resource('album', ['view', 'delete'], {
      ...{ type: 'album', owner: { name: 'alice' }, ownerManagedAccess: true },
    }),
  ],
  policies: [
    ...POLICIES,
    policy('in the office', 'regex', {
      ...{ targetClaim: 'place', pattern: '^office$', targetContextAttributes: 'true' },
    }),
    policy('orders for members', 'resource', { defaultResourceType: 'order', applyPolicies: ['is member'] }),
    onScopes('changes for alice', ['orders'], ['edit', 'delete'], ['only alice']),
    onScopes('reports for alice', ['reports'], ['view'], ['only alice']),
    onScopes('admin for alice', ['admin'], ['view'], ['only alice']),
    onResources('no scopes for members', ['no scopes'], ['is member']),
    onScopes('office from the office', ['office'], ['view'], ['in the office']),
  ],
};

export const person = (username: string, more: Partial<UserRepresentation> = {}): UserRepresentation => ({
  ...{ username, enabled: true, email: `${username}@acme.test`, emailVerified: true },
  ...{ firstName: username, lastName: 'Test' },
  ...{ credentials: [{ type: 'password', value: `${username}-pw` }], ...more },
});

const client = (clientId: string, more: Partial<ClientRepresentation> = {}): ClientRepresentation => ({
  ...{ clientId, enabled: true, directAccessGrantsEnabled: true },
  ...('publicClient' in more ? {} : { secret: `${clientId}-secret` }),
  ...more,
});

/** The client `api` with authorization services, others that ask, and people. */
export const withAuthorization =
  (change: (settings: AuthorizationSettings) => void = () => undefined): Change =>
  (realm) => {
    const settings = structuredClone(SETTINGS);
    change(settings);
    realm.roles = { realm: [...(realm.roles?.realm ?? []), { name: 'member' }] };
    realm.roles.client = { api: [{ name: 'uma_protection' }, { name: 'auditor' }] };
    realm.groups = [...(realm.groups ?? []), { name: 'staffing' }];
    realm.clients = [
      ...(realm.clients ?? []),
      client('api', {
        ...{ serviceAccountsEnabled: true, authorizationServicesEnabled: true },
        authorizationSettings: settings,
      }),
      client('web', { webOrigins: ['http://localhost:5000'] }),
      client('spa', { publicClient: true }),
      client('svc', { serviceAccountsEnabled: true }),
      client('light', { attributes: { 'client.use.lightweight.access.token.enabled': 'true' } }),
      client('plain', {}),
    ];
    realm.users = [
      ...(realm.users ?? []),
      person('alice', { realmRoles: ['member'], groups: ['/staff/dev'] }),
      person('bob', { realmRoles: ['member'], clientRoles: { api: ['auditor'] } }),
      person('carl', { clientRoles: { api: ['uma_protection'] }, groups: ['/staffing'] }),
      person('dave'),
    ];
  };
