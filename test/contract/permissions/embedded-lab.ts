import type { AuthorizationSettings, RealmRepresentation } from '../../../packages/testing/src/index.ts';
import { startTestIdp } from '../../support/dev-idp.ts';
import { type AuthzLab, createAuthzCalls } from './lab.ts';
import { AUDIENCE, person, scoped, settingsOf } from './settings.ts';

const HYPHENATED = 'order-by-hyphen';
type Settings = ReturnType<typeof settingsOf>;

/** The same realm as a file of the embedded provider. */
function toRealm(settings: AuthorizationSettings): RealmRepresentation {
  const client = { directAccessGrantsEnabled: true, protocolMappers: [AUDIENCE] };
  return {
    ...{ realm: 'permissions', enabled: true, sslRequired: 'none' },
    roles: { realm: [{ name: 'member' }], client: { api: [{ name: 'uma_protection' }] } },
    clients: [
      {
        ...{ ...client, clientId: 'api', secret: 'api-secret', protocolMappers: [] },
        ...{ serviceAccountsEnabled: true, authorizationServicesEnabled: true },
        authorizationSettings: settings,
      },
      { ...client, clientId: 'web', secret: 'web-secret' },
      { ...client, clientId: 'spa', publicClient: true },
      { ...client, clientId: 'svc', secret: 'svc-secret', serviceAccountsEnabled: true },
    ],
    users: [
      person('alice', ['member']),
      person('bob', ['member']),
      // Dave has nothing, but may register resources of his own.
      { ...person('dave', []), clientRoles: { api: ['uma_protection'] } },
    ],
  };
}

export async function openEmbeddedLab(): Promise<AuthzLab> {
  const base = settingsOf(HYPHENATED);
  const album = {
    ...{ name: 'album', owner: { name: 'alice' }, ownerManagedAccess: true, uris: [] },
    scopes: [{ name: 'view' }, { name: 'delete' }],
  };
  let settings: Settings = { ...base, resources: [...base.resources, album] };
  const idp = await startTestIdp({ realm: toRealm(settings) });
  const calls = createAuthzCalls(idp.url, idp.realm);
  const fields = { grant_type: 'client_credentials', client_id: 'api', client_secret: 'api-secret' };
  const { access_token: own = '' } = await calls.token(fields);

  async function find(name: string, owner: string): Promise<string> {
    const query = new URLSearchParams({ name, owner, exactName: 'true' });
    const response = await fetch(`${calls.issuer}/authz/protection/resource_set?${query}`, {
      headers: { authorization: `Bearer ${own}` },
    });
    const [id] = (await response.json()) as string[];
    return String(id);
  }

  const ids = new Map([['album', await find('album', 'alice')]]);
  for (const username of ['alice', 'bob', 'dave']) {
    const token = await calls.login(username);
    const { sub } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    ids.set(username, sub);
  }
  async function changeServer(change: Partial<Settings>): Promise<void> {
    settings = { ...settings, ...change };
    idp.updateClient('api', { authorizationSettings: settings });
  }

  return {
    ...{ ...calls, hyphenated: HYPHENATED, ids, changeServer },
    idOf: (name) => find(name, 'api'),
    async applyPolicy(permission, policy) {
      const policies = settings.policies.map((one) =>
        one.name === permission
          ? { ...one, config: { ...one.config, applyPolicies: JSON.stringify([policy]) } }
          : one,
      );
      await changeServer({ policies });
    },
    addResources: (added) => {
      const more = added.map((one) => ({ uris: [], ...one, scopes: [{ name: 'view' }] }));
      return changeServer({ resources: [...settings.resources, ...more] });
    },
    addPermission: (name, resource, policy) =>
      changeServer({ policies: [...settings.policies, scoped(name, resource, ['view'], policy)] }),
    enableClient: async (enabled) => void idp.updateClient('api', { enabled }),
    enableRealm: async (enabled) => idp.updateRealm({ enabled }),
    enableUser: async (username, isEnabled) =>
      isEnabled ? idp.enableUser(username) : idp.disableUser(username),
    async close() {
      await calls.verifier.close();
      await idp.close();
    },
  };
}
