import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';

/** A realm of a real Keycloak that keeps events, whose signing key is known here: tokens need no logins. */
export interface LabRealm {
  readonly name: string;
  readonly url: string;
  call(method: string, path: string, body?: unknown): Promise<Response>;
  /** A token as Keycloak would issue it in a session. */
  mint(session: { readonly sub: string; readonly sid: string }): string;
  /** @returns the id. The password is `pw` */
  createUser(username: string): Promise<string>;
  /** Signs a user in. */
  login(username: string): Promise<{ sub: string; sid: string }>;
  remove(): Promise<void>;
}

export const CLIENT = { clientId: 'api', clientSecret: 'api-secret' };
const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) });

/** @param url a Keycloak whose administrator is `admin` with the password `admin` */
export async function createLabRealm(url: string, name: string): Promise<LabRealm> {
  let admin = { token: '', until: 0 };

  async function adminToken(): Promise<string> {
    if (performance.now() < admin.until) return admin.token;
    const fields = { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' };
    const answer = await fetch(`${url}/realms/master/protocol/openid-connect/token`, form(fields));
    const { access_token: token = '' } = (await answer.json()) as { access_token?: string };
    admin = { token, until: performance.now() + 30_000 };
    return token;
  }
  async function send(method: string, path: string, body?: unknown): Promise<Response> {
    const answer = await fetch(`${url}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${await adminToken()}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status === 401) admin.until = 0;
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  await send('DELETE', `/${name}`).catch(() => {});
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await send('POST', '', {
    ...{ realm: name, enabled: true, accessTokenLifespan: 3600 },
    ...{ adminEventsEnabled: true, adminEventsDetailsEnabled: true, eventsEnabled: true },
    // What a password costs is not measured here.
    passwordPolicy: 'hashAlgorithm(pbkdf2-sha256) and hashIterations(1)',
    enabledEventTypes: ['LOGOUT', 'REVOKE_GRANT', 'DELETE_ACCOUNT', 'USER_DISABLED_BY_PERMANENT_LOCKOUT'],
    clients: [
      {
        ...{ clientId: CLIENT.clientId, secret: CLIENT.clientSecret, redirectUris: ['http://localhost/'] },
        ...{ serviceAccountsEnabled: true, directAccessGrantsEnabled: true },
      },
    ],
    users: [
      {
        ...{ username: 'service-account-api', enabled: true, serviceAccountClientId: 'api' },
        clientRoles: { 'realm-management': ['view-events'] },
      },
    ],
  });
  const { id: parentId } = (await (await send('GET', `/${name}`)).json()) as { id: string };
  await send('POST', `/${name}/components`, {
    ...{ name: 'lab', providerId: 'rsa', providerType: 'org.keycloak.keys.KeyProvider', parentId },
    config: {
      privateKey: [privateKey.export({ type: 'pkcs8', format: 'pem' })],
      ...{ priority: ['1000'], algorithm: ['RS256'] },
    },
  });
  const issuer = `${url}/realms/${name}`;
  const certs = await (await fetch(`${issuer}/protocol/openid-connect/certs`)).json();
  const { n } = privateKey.export({ format: 'jwk' });
  const kid = (certs as { keys: { kid: string; n: string }[] }).keys.find((key) => key.n === n)?.kid;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  return {
    ...{ name, url },
    call: (method, path, body) => send(method, `/${name}${path}`, body),
    async createUser(username) {
      const credentials = [{ type: 'password', value: 'pw' }];
      const names = { email: `${username}@example.com`, firstName: 'A', lastName: 'B' };
      const user = { username, enabled: true, ...names, credentials };
      const made = await send('POST', `/${name}/users`, user);
      return made.headers.get('location')?.split('/').at(-1) ?? '';
    },
    mint({ sub, sid }) {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        ...{ exp: now + 3600, iat: now, jti: `onrtro:${randomUUID()}`, iss: issuer, aud: 'api', sub, sid },
        ...{ typ: 'Bearer', azp: 'api', scope: 'openid profile email', preferred_username: sub },
      };
      const text = `${part({ alg: 'RS256', typ: 'JWT', kid })}.${part(claims)}`;
      return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
    },
    async login(username) {
      const answer = await fetch(
        `${issuer}/protocol/openid-connect/token`,
        form({
          ...{ grant_type: 'password', username, password: 'pw', scope: 'openid' },
          ...{ client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret },
        }),
      );
      const { access_token: token = '..' } = (await answer.json()) as { access_token?: string };
      return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as never;
    },
    remove: async () => void (await send('DELETE', `/${name}`)),
  };
}
