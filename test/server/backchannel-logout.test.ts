import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { type FastifyInstance, fastify } from 'fastify';
import { decodeJwt } from 'jose';
import { backchannelLogout, keycloakGuard } from '../../packages/guard/src/adapters/fastify/index.ts';
import { combineVerifiers, createVerifier } from '../../packages/guard/src/core/index.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { buildTestApp, startIdp } from './service.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const CLIENT = 'fastapi-keycloak';

interface Setup {
  idp: DevIdp;
  app: FastifyInstance;
  token: string;
  sessionId: string;
  subject: string;
}

async function setUp(t: TestContext, build = buildService): Promise<Setup> {
  const idp = await startIdp(t);
  const app = await build(t, idp);
  const token = await idp.issueToken({ username: 'abdullah' });
  const { sid, sub } = decodeJwt(token);
  assert.equal(await statusOf(app, token), 200);
  return { idp, app, token, sessionId: String(sid), subject: String(sub) };
}

const buildService = async (t: TestContext, idp: DevIdp) => (await buildTestApp(t, idp.url)).app;

/** An API of the library for two realms, of which one is the provider's. */
async function buildForTwoRealms(t: TestContext, idp: DevIdp): Promise<FastifyInstance> {
  const another = createTestRealm({ realm: 'another' });
  const issuer = `${idp.url}/realms/testing`;
  const verifier = combineVerifiers([
    another.verifier({ issuer: another.issuer }),
    createVerifier({ serverUrl: idp.url, realm: 'testing', clientId: CLIENT, issuer }),
  ]);
  await verifier.load();
  const app = fastify();
  await app.register(keycloakGuard, { verifier });
  await app.register(backchannelLogout);
  app.get('/protected', { onRequest: app.guard() }, () => 'in');
  t.after(async () => {
    await app.close();
    await verifier.close();
  });
  return app;
}

const APPS: [string, typeof buildService][] = [
  ['the service', buildService],
  ['an API for two realms', buildForTwoRealms],
];

async function statusOf(app: FastifyInstance, token: string): Promise<number> {
  const answer = await app.inject({ url: '/protected', headers: { authorization: `Bearer ${token}` } });
  return answer.statusCode;
}

function logoutToken(
  setup: Setup,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
) {
  const now = Math.floor(Date.now() / 1000);
  return setup.idp.issueToken({
    username: 'abdullah',
    session: false,
    header: { typ: 'logout+jwt', ...header },
    claims: {
      typ: 'Logout',
      aud: CLIENT,
      sid: setup.sessionId,
      sub: setup.subject,
      iat: now,
      exp: now + 120,
      jti: randomUUID(),
      events: { [EVENT]: {} },
      ...claims,
    },
  });
}

const send = (app: FastifyInstance, token: string) =>
  app.inject({
    method: 'POST',
    url: '/backchannel-logout',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ logout_token: token }).toString(),
  });

const REFUSED = {
  error: 'invalid_request',
  error_description: 'Invalid logout token',
  detail: 'Invalid logout token',
};

test('a message that anybody could send costs one short line of the log', async (t) => {
  const idp = await startIdp(t);
  const { app, log } = await buildTestApp(t, idp.url);
  assert.deepEqual((await send(app, 'nonsense')).json(), REFUSED);
  const [line, ...others] = log.lines().filter(({ level }) => level === 'warn');
  assert.deepEqual(others, []);
  assert.equal(line?.code, 'logout_token_invalid');
  assert.match(String(line?.msg), /^The logout token is not valid: /);
  assert.ok(JSON.stringify(line).length < 400, JSON.stringify(line));
});

test('a session that ends in Keycloak ends here at once, through the call that Keycloak makes', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url);
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  idp.updateClient(CLIENT, {
    attributes: {
      'backchannel.logout.url': `${address}/backchannel-logout`,
      'backchannel.logout.session.required': 'true',
    },
  });
  const token = await idp.issueToken({ username: 'abdullah' });
  const other = await idp.issueToken({ username: 'sara' });
  assert.equal(await statusOf(app, token), 200);
  await idp.endSession(String(decodeJwt(token).sid));
  assert.equal(await statusOf(app, token), 401);
  assert.equal(await statusOf(app, other), 200);
});

test('a good logout token is 204 once, without a body, and closes the connection', async (t) => {
  const setup = await setUp(t);
  const token = await logoutToken(setup);
  const answer = await send(setup.app, token);
  assert.equal(answer.statusCode, 204);
  assert.equal(answer.body, '');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers.connection, 'close');
  assert.equal(await statusOf(setup.app, setup.token), 401);
  const again = await send(setup.app, token);
  assert.equal(again.statusCode, 400);
  assert.deepEqual(again.json(), REFUSED);
});

test('a logout token without a session ends everything the user was issued so far', async (t) => {
  const setup = await setUp(t);
  const second = await setup.idp.issueToken({ username: 'abdullah' });
  assert.equal((await send(setup.app, await logoutToken(setup, { sid: undefined }))).statusCode, 204);
  assert.equal(await statusOf(setup.app, setup.token), 401);
  assert.equal(await statusOf(setup.app, second), 401);
});

const BAD: [string, Record<string, unknown>, Record<string, unknown>?][] = [
  ['of another issuer', { iss: 'http://127.0.0.1:1/realms/testing' }],
  ['for another client', { aud: 'other-service' }],
  ['that expired', { exp: 1 }],
  ['that was issued long ago', { iat: 1000 }],
  ['without iat', { iat: undefined }],
  ['without jti', { jti: undefined }],
  ['with a nonce', { nonce: 'n' }],
  ['without events', { events: undefined }],
  ['with another event', { events: { 'http://schemas.openid.net/event/other': {} } }],
  ['with an event that is not an object', { events: { [EVENT]: true } }],
  ['that names neither session nor user', { sid: undefined, sub: undefined }],
  ['that is an access token by its header', {}, { typ: 'at+jwt' }],
  ['that is an ID token', { typ: 'ID' }, { typ: 'JWT' }],
];
for (const [where, build] of APPS) {
  test(`${where}: a bad logout token is 400 and ends nothing`, async (t) => {
    const setup = await setUp(t, build);
    for (const [what, claims, header] of BAD) {
      const answer = await send(setup.app, await logoutToken(setup, claims, header));
      assert.equal(answer.statusCode, 400, what);
      assert.deepEqual(answer.json(), REFUSED, what);
      assert.equal(answer.headers['www-authenticate'], undefined, what);
      assert.equal(await statusOf(setup.app, setup.token), 200, what);
    }
    const good = await logoutToken(setup);
    const broken = `${good.slice(0, -8)}AAAAAAAA`;
    for (const payload of [
      `logout_token=${broken}`,
      'logout_token=x',
      'logout_token=e30.e30.',
      'logout_token=e30.W10.',
      'logout_token=e30.e30.e30.e30.e30',
      'logout_token=',
      '',
      `logout_token=${good}&logout_token=${good}`,
    ]) {
      const answer = await setup.app.inject({
        method: 'POST',
        url: '/backchannel-logout',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload,
      });
      assert.equal(answer.statusCode, 400, payload.slice(0, 30));
      assert.deepEqual(answer.json(), REFUSED);
    }
    assert.equal(await statusOf(setup.app, setup.token), 200);
  });
}
