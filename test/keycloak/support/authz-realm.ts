import { randomUUID } from 'node:crypto';
import { createPermissions, type PermissionsOptions } from '../../../packages/guard/src/authz/index.ts';
import { createVerifier, type Verifier } from '../../../packages/guard/src/core/index.ts';
import { issueAdminToken, type RealKeycloak } from './real-keycloak.ts';

/** A realm of its own whose client `api` has authorization services. Taken away by `close`. */
export interface AuthzRealm {
  readonly realm: string;
  readonly verifier: Verifier;
  /** Name of a resource with a hyphen, which Keycloak may take for an id. */
  readonly hyphenated: string;
  /** Ids of users and resources by name. */
  readonly ids: ReadonlyMap<string, string>;
  permissions(options?: Partial<PermissionsOptions>): ReturnType<typeof createPermissions>;
  /** The answer of the token endpoint. */
  token(fields: Record<string, string>, headers?: Record<string, string>): Promise<Record<string, string>>;
  /** An access token of a user, issued to `client`. */
  login(username: string, client?: string): Promise<string>;
  /** @param path below the realm */
  admin(method: string, path: string, body?: unknown): Promise<unknown>;
  /** @param path below the resource server */
  authz(method: string, path: string, body?: unknown): Promise<unknown>;
  protection(method: string, path: string, token: string, body?: unknown): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** @param hyphenated name of a resource with a hyphen, which Keycloak may take for an id */
const settingsOf = (hyphenated: string) => ({
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

function scoped(name: string, of: string, scopes: string[], by: string) {
  const config = { resources: [of], scopes, applyPolicies: [by] };
  return policy(
    name,
    'scope',
    Object.fromEntries(Object.entries(config).map(([k, v]) => [k, JSON.stringify(v)])),
  );
}

const AUDIENCE = {
  name: 'aud-api',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: {
    'included.client.audience': 'api',
    'access.token.claim': 'true',
    'introspection.token.claim': 'true',
  },
};

export async function createAuthzRealm(keycloak: RealKeycloak): Promise<AuthzRealm> {
  const realm = `permissions-${randomUUID().slice(0, 8)}`;
  const issuer = `${keycloak.url}/realms/${realm}`;
  const ids = new Map<string, string>();
  // An id is unique in the whole server.
  const hyphenated = `order-${realm}`;

  async function call(method: string, url: string, token: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    };
    return fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  async function admin(method: string, path: string, body?: unknown): Promise<unknown> {
    const token = await issueAdminToken(keycloak);
    const response = await call(method, `${keycloak.url}/admin/realms${path}`, token, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  const inRealm = (method: string, path: string, body?: unknown) => admin(method, `/${realm}${path}`, body);

  async function addClient(clientId: string, more: object): Promise<string> {
    const isPublic = 'publicClient' in more;
    const secret = isPublic ? {} : { secret: `${clientId}-secret` };
    const plain = { clientId, ...secret, directAccessGrantsEnabled: true, protocolMappers: [AUDIENCE] };
    await inRealm('POST', '/clients', { ...plain, ...more });
    const [client] = (await inRealm('GET', `/clients?clientId=${clientId}`)) as [{ id: string }];
    return client.id;
  }

  const person = (username: string, realmRoles: string[]) => ({
    ...{ username, enabled: true, email: `${username}@acme.test`, emailVerified: true, realmRoles },
    ...{
      firstName: username,
      lastName: 'Test',
      credentials: [{ type: 'password', value: `${username}-pw` }],
    },
  });
  await admin('POST', '', {
    ...{ realm, enabled: true, sslRequired: 'none', userManagedAccessAllowed: true },
    roles: { realm: [{ name: 'member' }] },
    users: [person('alice', ['member']), person('bob', ['member']), person('dave', [])],
  });
  const api = await addClient('api', {
    ...{
      serviceAccountsEnabled: true,
      authorizationServicesEnabled: true,
      authorizationSettings: settingsOf(hyphenated),
    },
    protocolMappers: [],
  });
  await addClient('web', {});
  await addClient('spa', { publicClient: true });
  await addClient('svc', { serviceAccountsEnabled: true });
  const authz = (method: string, path: string, body?: unknown) =>
    inRealm(method, `/clients/${api}/authz/resource-server${path}`, body);

  // Up to 26.4 a new resource server has these three, which let everybody in everywhere.
  for (const [kind, name] of [
    ['policy', 'Default Permission'],
    ['policy', 'Default Policy'],
    ['resource', 'Default Resource'],
  ]) {
    const found = (await authz('GET', `/${kind}?name=${encodeURIComponent(name as string)}`)) as {
      id?: string;
      _id?: string;
    }[];
    for (const one of found) await authz('DELETE', `/${kind}/${one.id ?? one._id}`);
  }
  for (const username of ['alice', 'bob', 'dave']) {
    const [user] = (await inRealm('GET', `/users?exact=true&username=${username}`)) as [{ id: string }];
    ids.set(username, user.id);
  }
  // Dave has nothing, but may register resources of his own.
  const role = await inRealm('GET', `/clients/${api}/roles/uma_protection`);
  await inRealm('POST', `/users/${ids.get('dave')}/role-mappings/clients/${api}`, [role]);
  const album = (await authz('POST', '/resource', {
    ...{ name: 'album', owner: { id: ids.get('alice') }, ownerManagedAccess: true },
    scopes: [{ name: 'view' }, { name: 'delete' }],
  })) as { _id: string };
  ids.set('album', album._id);
  ids.set('api', api);

  const options = { serverUrl: keycloak.url, realm, clientId: 'api', onNotice: false } as const;
  const verifier = createVerifier({ ...options, tokenCheck: 'local' });

  async function token(fields: Record<string, string>, headers: Record<string, string> = {}) {
    const url = `${issuer}/protocol/openid-connect/token`;
    const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(fields) });
    return (await response.json()) as Record<string, string>;
  }

  return {
    ...{ realm, hyphenated, verifier, ids, token, authz },
    admin: inRealm,
    permissions: (more = {}) =>
      createPermissions({ verifier, clientSecret: 'api-secret', permissionSeconds: 0, ...more }),
    async login(username, client = 'web') {
      const secret: Record<string, string> = client === 'spa' ? {} : { client_secret: `${client}-secret` };
      const password = { grant_type: 'password', username, password: `${username}-pw`, scope: 'openid' };
      const answer = await token({ ...password, client_id: client, ...secret });
      if (answer.access_token === undefined) throw new Error(JSON.stringify(answer));
      return answer.access_token;
    },
    async protection(method, path, bearer, body) {
      const response = await call(method, `${issuer}/authz/protection/${path}`, bearer, body);
      return { status: response.status, ...((await response.json().catch(() => ({}))) as object) };
    },
    async close() {
      await verifier.close();
      await admin('DELETE', `/${realm}`);
    },
  };
}
