/** The Keycloak that tools/check/test-keycloak.ts started, from its environment. */
export interface RealKeycloak {
  readonly url: string;
  readonly version: string;
  readonly realm: string;
  readonly adminUser: string;
  readonly adminPassword: string;
}

/** @throws Error when the tests are not run by `npm run test:keycloak` */
export function requireKeycloak(): RealKeycloak {
  const read = (name: string): string => {
    const value = process.env[name];
    if (value === undefined) throw new Error(`${name} is not set: run npm run test:keycloak`);
    return value;
  };
  return {
    url: read('KC_TEST_URL'),
    version: read('KC_TEST_VERSION'),
    realm: read('KC_TEST_REALM'),
    adminUser: read('KC_TEST_ADMIN_USER'),
    adminPassword: read('KC_TEST_ADMIN_PASSWORD'),
  };
}

/** The address by which browsers know it, and by which its tokens name it: with KC_HOSTNAME not the one that is called. */
export async function readPublicUrl({ url }: RealKeycloak): Promise<string> {
  const response = await fetch(`${url}/realms/master/.well-known/openid-configuration`);
  const { issuer } = (await response.json()) as { issuer: string };
  return issuer.replace(/\/realms\/master$/, '');
}

/** A fresh token of the administrator (realm `master`; good for a minute). */
export async function issueAdminToken({ url, adminUser, adminPassword }: RealKeycloak): Promise<string> {
  const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: adminUser,
      password: adminPassword,
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`no admin token: ${response.status}`);
  return token;
}

let admin = { token: '', until: 0 };

/**
 * One call of Keycloak's Admin API.
 *
 * @param path below `/admin/realms`
 * @throws Error with Keycloak's words when it does not answer 2xx
 */
export async function callAdmin(
  keycloak: RealKeycloak,
  method: string,
  path: string,
  body?: unknown,
): Promise<Response> {
  // A login costs Keycloak more than most of these calls.
  if (performance.now() > admin.until) {
    admin = { token: await issueAdminToken(keycloak), until: performance.now() + 30_000 };
  }
  const response = await fetch(`${keycloak.url}/admin/realms${path}`, {
    method,
    headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

/** Finds one user or client and changes it, keeping what is not named. */
export async function updateInRealm(
  keycloak: RealKeycloak,
  search: string,
  change: Record<string, unknown>,
): Promise<void> {
  const headers = {
    authorization: `Bearer ${await issueAdminToken(keycloak)}`,
    'content-type': 'application/json',
  };
  const base = `${keycloak.url}/admin/realms/${keycloak.realm}`;
  const found = await fetch(`${base}/${search}`, { headers });
  const [first] = (await found.json()) as Record<string, unknown>[];
  if (first === undefined) throw new Error(`nothing found: ${search}`);
  const attributes = { ...(first.attributes as object), ...(change.attributes as object) };
  const response = await fetch(`${base}/${search.split('?')[0]}/${first.id}`, {
    method: 'PUT',
    headers,
    body: JSON.stringify({ ...first, ...change, attributes }),
  });
  if (!response.ok) throw new Error(`not changed: ${response.status} ${await response.text()}`);
}
