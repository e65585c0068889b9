import { randomUUID } from 'node:crypto';
import { type AuthzLab, createAuthzCalls } from '../../contract/permissions/lab.ts';
import { AUDIENCE, person, settingsOf } from '../../contract/permissions/settings.ts';
import { callAdmin, type RealKeycloak } from './real-keycloak.ts';

/** A realm of its own in a real Keycloak. */
export interface AuthzRealm extends AuthzLab {
  /** @param path below the realm */
  admin(method: string, path: string, body?: unknown): Promise<unknown>;
  /** @param path below the resource server */
  authz(method: string, path: string, body?: unknown): Promise<unknown>;
}

export async function createAuthzRealm(keycloak: RealKeycloak): Promise<AuthzRealm> {
  const realm = `permissions-${randomUUID().slice(0, 8)}`;
  const ids = new Map<string, string>();
  // An id is unique in the whole server.
  const hyphenated = `order-${realm}`;

  async function admin(method: string, path: string, body?: unknown): Promise<unknown> {
    const text = await (await callAdmin(keycloak, method, path, body)).text();
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

  const calls = createAuthzCalls(keycloak.url, realm);
  async function policyId(name: string): Promise<string> {
    const found = (await authz('GET', `/policy?name=${encodeURIComponent(name)}`)) as { id: string }[];
    return found[0]?.id as string;
  }

  return {
    ...{ ...calls, hyphenated, ids, authz, admin: inRealm },
    async idOf(name) {
      const query = `name=${encodeURIComponent(name)}&exactName=true&deep=false`;
      const found = (await authz('GET', `/resource?${query}`)) as {
        _id: string;
        name: string;
        owner: { name: string };
      }[];
      return found.find((one) => one.name === name && one.owner.name === 'api')?._id as string;
    },
    async applyPolicy(permission, policy) {
      const path = `/permission/resource/${await policyId(permission)}`;
      const before = (await authz('GET', path)) as object;
      const policies = [await policyId(policy)];
      await authz('PUT', path, { ...before, policies, resourceType: 'urn:api:order' });
    },
    async addResources(added) {
      for (const one of added) await authz('POST', '/resource', { ...one, scopes: [{ name: 'view' }] });
    },
    async addPermission(name, resource, policy) {
      const body = { name, resources: [resource], scopes: ['view'], policies: [policy] };
      await authz('POST', '/permission/scope', body);
    },
    async changeServer(change) {
      await authz('PUT', '', { ...((await authz('GET', '')) as object), ...change });
    },
    async enableClient(enabled) {
      await inRealm('PUT', `/clients/${api}`, {
        ...((await inRealm('GET', `/clients/${api}`)) as object),
        enabled,
      });
    },
    async enableRealm(enabled) {
      await inRealm('PUT', '', { ...((await inRealm('GET', '')) as object), enabled });
    },
    async enableUser(username, enabled) {
      const path = `/users/${ids.get(username)}`;
      await inRealm('PUT', path, { ...((await inRealm('GET', path)) as object), enabled });
    },
    async close() {
      await calls.verifier.close();
      await admin('DELETE', `/${realm}`);
    },
  };
}
