import assert from 'node:assert/strict';
import { after } from 'node:test';
import { openBrowser } from '../../lab/reliability/load/browser.ts';
import { type Answer, send } from '../../lab/reliability/load/http.ts';
import { docker, REPOSITORY } from '../../tools/check/containers/docker.ts';
import { makeStandIns } from '../../tools/check/containers/stand-ins.ts';
import { eventually } from '../support/eventually.ts';
import { check } from './check.ts';

// compose.yaml as the README starts it, and the HTTP contract of the guide.

const API = 'http://localhost:8000';
const KEYCLOAK = 'http://localhost:8080';
const REALM = `${KEYCLOAK}/admin/realms/testing`;
const ABDULLAH = { username: 'abdullah', password: 'Test#123456' };
const compose = (args: readonly string[], signal?: AbortSignal) =>
  docker(['compose', '--file', `${REPOSITORY}/compose.yaml`, ...args], signal);
const logIn = (user = ABDULLAH) => send(`${API}/login`, { form: user });
const getProtected = (authorization?: string) =>
  send(`${API}/protected`, authorization === undefined ? {} : { headers: { authorization } });

/** Of Keycloak's admin, who is in compose.yaml. */
async function callAdmin(method: string, url: string, body?: object): Promise<unknown> {
  const form = { grant_type: 'password', client_id: 'admin-cli', username: 'admin' };
  const token = await send(`${KEYCLOAK}/realms/master/protocol/openid-connect/token`, {
    form: { ...form, password: 'for-development-only' },
  });
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${JSON.parse(token.body).access_token}`,
      'content-type': 'application/json',
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${url}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

function assertAnswer(
  answer: Answer,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  const named = Object.fromEntries(Object.keys(headers).map((name) => [name, answer.headers[name]]));
  assert.deepEqual([answer.status, JSON.parse(answer.body), named], [status, body, headers]);
}

/** The token of a login that has to succeed. */
async function tokenOf(user?: typeof ABDULLAH): Promise<string> {
  const answer = await logIn(user);
  assert.equal(answer.status, 200, answer.body);
  return `Bearer ${JSON.parse(answer.body).access_token}`;
}

after(() => compose(['down', '--volumes', '--timeout', '2']));

check(
  'the images that the files name are there, as stand-ins',
  { timeout: 300_000, essential: true },
  makeStandIns,
);

check(
  'docker compose up --build starts every part',
  { timeout: 300_000, essential: true },
  async ({ signal }) => {
    await compose(['up', '--build', '--detach', '--wait'], signal);
    await eventually('the API is ready', async () => (await send(`${API}/health/ready`)).status === 200);
  },
);

check('every port is open on 127.0.0.1 alone', { timeout: 10_000 }, async () => {
  const published = (await compose(['ps', '--format', '{{.Ports}}'])).match(/\S+(?=->)/g) ?? [];
  assert.deepEqual(published.sort(), ['127.0.0.1:8000', '127.0.0.1:8080']);
});

check(
  'a user of the imported realm logs in, and the token tells who it is',
  { timeout: 30_000 },
  async () => {
    const login = await logIn();
    const { access_token: token, refresh_token: refreshToken, ...rest } = JSON.parse(login.body);
    assert.equal(login.status, 200);
    assert.equal(login.headers['cache-control'], 'no-store');
    assert.deepEqual(Object.keys(rest).sort(), ['expires_in', 'refresh_expires_in', 'token_type']);
    assert.equal(typeof refreshToken, 'string');
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
    assert.equal(claims.iss, `${KEYCLOAK}/realms/testing`);
    assertAnswer(await getProtected(`bearer ${token}`), 200, {
      ...{ preferred_username: 'abdullah', email: 'abdullah@example.com', full_name: 'Abdullah Alqahtani' },
    });
  },
);

check('whoever has no right to is refused in the words of the guide', { timeout: 30_000 }, async () => {
  const detail = (words: string) => ({ detail: words });
  const token = await tokenOf();
  const bare = { 'www-authenticate': 'Bearer' };
  assertAnswer(await getProtected(), 401, detail('Not authenticated'), bare);
  assertAnswer(await getProtected('Basic YTpi'), 401, detail('Invalid authentication credentials'), bare);
  assertAnswer(
    await getProtected(`${token.slice(0, -8)}AAAAAAAA`),
    401,
    detail('Could not validate credentials'),
    {
      'www-authenticate': 'Bearer error="invalid_token", error_description="The access token is not valid"',
    },
  );
  for (const username of [ABDULLAH.username, 'nobody-of-that-name'])
    assertAnswer(await logIn({ username, password: 'wrong' }), 401, detail('Invalid username or password'));
  const missing = { type: 'missing', loc: ['body', 'password'], msg: 'Field required', input: null };
  assertAnswer(await send(`${API}/login`, { form: { username: 'abdullah' } }), 422, { detail: [missing] });
  assertAnswer(await send(`${API}/nowhere`), 404, detail('Not Found'));
  assertAnswer(await send(`${API}/login`), 405, detail('Method Not Allowed'), { allow: 'POST' });
});

check('somebody signs in with the browser, and the docs are there', { timeout: 30_000 }, async () => {
  const browser = openBrowser();
  const signedIn = await browser.signIn(API, ABDULLAH.username, ABDULLAH.password);
  assert.equal(signedIn.status, 303, signedIn.body);
  assert.equal((await browser.visit(`${API}/protected`)).status, 200);
  assert.equal((await send(`${API}/openapi.json`)).status, 200);
  assert.match((await send(`${API}/docs`)).body, /swagger/i);
});

check(
  'with the address that compose.yaml names, a logout at Keycloak counts at once',
  { timeout: 30_000 },
  async () => {
    const [client] = (await callAdmin('GET', `${REALM}/clients?clientId=fastapi-keycloak`)) as [
      { id: string; attributes: object },
    ];
    const attributes = {
      ...client.attributes,
      'backchannel.logout.url': 'http://api:8000/backchannel-logout',
    };
    await callAdmin('PUT', `${REALM}/clients/${client.id}`, { ...client, attributes });
    const token = await tokenOf();
    assert.equal((await getProtected(token)).status, 200);
    const [user] = (await callAdmin('GET', `${REALM}/users?username=abdullah&exact=true`)) as [
      { id: string },
    ];
    await callAdmin('POST', `${REALM}/users/${user.id}/logout`);
    await eventually('the token is refused', async () => (await getProtected(token)).status === 401, 3_000);
  },
);

/** Made while all is up, and nowhere but in the database. */
const LATER = { username: 'later', password: 'Later#123456' };

check('a user is made at Keycloak, and logs in', { timeout: 30_000 }, async () => {
  await callAdmin('POST', `${REALM}/users`, {
    ...{ username: LATER.username, enabled: true, emailVerified: true, email: 'later@example.com' },
    ...{ firstName: 'Later', lastName: 'User', credentials: [{ type: 'password', value: LATER.password }] },
  });
  await tokenOf(LATER);
});

for (const part of ['postgres', 'keycloak']) {
  check(
    `${part} is replaced: tokens go on, logins come back, and nobody is lost`,
    { timeout: 150_000 },
    async ({ signal }) => {
      const token = await tokenOf();
      assert.equal((await getProtected(token)).status, 200);
      await compose(['up', '--force-recreate', '--no-deps', '--detach', part], signal);
      assert.equal((await getProtected(token)).status, 200);
      await eventually('logins', async () => (await logIn(LATER)).status === 200, 120_000, 1_000);
      assert.equal((await getProtected(token)).status, 200);
    },
  );
}

check('the API is killed: it comes back by itself', { timeout: 60_000 }, async () => {
  const token = await tokenOf();
  const container = await compose(['ps', '--quiet', 'api']);
  process.kill(Number(await docker(['inspect', '--format', '{{.State.Pid}}', container])), 'SIGKILL');
  await eventually('the API is down', async () => (await send(`${API}/health/live`)).status === 0, 5_000);
  await eventually('the API is ready', async () => (await send(`${API}/health/ready`)).status === 200);
  assert.equal((await getProtected(token)).status, 200);
});
