import { callAdmin, type RealKeycloak } from './real-keycloak.ts';

export const API = { client_id: 'api', client_secret: 'api-secret' };
export const USER_PASSWORD = 'pw';

/** A realm of a test's own whose events an API may read. */
export interface EventsRealm {
  readonly name: string;
  readonly issuer: string;
  /** Calls the Admin API, below the realm. */
  call(method: string, path: string, body?: unknown): Promise<Response>;
  /** @returns its id */
  addUser(username: string, more?: object): Promise<string>;
  /** Signs in with a password. */
  login(
    username: string,
    scope?: string,
    password?: string,
  ): Promise<{ access_token: string; refresh_token: string }>;
  post(path: string, fields: Record<string, string>): Promise<Response>;
  remove(): Promise<void>;
}

export async function createEventsRealm(keycloak: RealKeycloak, suffix: string): Promise<EventsRealm> {
  const name = `${keycloak.realm}-${suffix}`;
  const issuer = `${keycloak.url}/realms/${name}`;
  const call = (method: string, path: string, body?: unknown) =>
    callAdmin(keycloak, method, `/${name}${path}`, body);
  const post = (path: string, fields: Record<string, string>) =>
    fetch(`${issuer}/protocol/openid-connect${path}`, {
      method: 'POST',
      body: new URLSearchParams({ ...API, ...fields }),
    });
  const remove = async () => void (await call('DELETE', '').catch(() => {}));
  await remove();
  await callAdmin(keycloak, 'POST', '', {
    ...{ realm: name, enabled: true, accessTokenLifespan: 3600 },
    ...{ adminEventsEnabled: true, adminEventsDetailsEnabled: true, eventsEnabled: true },
    roles: { realm: [{ name: 'staff' }] },
    groups: [{ name: 'dev' }],
    clients: [
      {
        ...{ clientId: 'api', secret: 'api-secret', redirectUris: ['http://localhost/'] },
        ...{ serviceAccountsEnabled: true, directAccessGrantsEnabled: true },
        protocolMappers: [
          {
            ...{ name: 'aud', protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper' },
            config: { 'included.client.audience': 'api', 'access.token.claim': 'true' },
          },
        ],
      },
    ],
    users: [
      {
        ...{ username: 'service-account-api', enabled: true, serviceAccountClientId: 'api' },
        clientRoles: { 'realm-management': ['view-events'] },
      },
    ],
  });
  return {
    ...{ name, issuer, call, post, remove },
    async addUser(username, more = {}) {
      const made = await call('POST', '/users', {
        ...{ username, enabled: true, email: `${username}@example.com`, firstName: 'A', lastName: 'B' },
        credentials: [{ type: 'password', value: USER_PASSWORD }],
        ...more,
      });
      return made.headers.get('location')?.split('/').at(-1) ?? '';
    },
    async login(username, scope = 'openid', password = USER_PASSWORD) {
      const answer = await post('/token', { grant_type: 'password', username, password, scope });
      if (!answer.ok) throw new Error(`${username} is not let in: ${await answer.text()}`);
      return answer.json() as never;
    },
  };
}
