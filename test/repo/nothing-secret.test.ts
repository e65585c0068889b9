import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import fastify from 'fastify';
import pino from 'pino';
import { createPathEnforcer } from '../../packages/connect/src/enforcer/path-enforcer.ts';
import keycloakGuard, {
  backchannelLogout,
  keycloakSession,
} from '../../packages/guard/src/adapters/fastify/index.ts';
import { createPermissions, createPermit, createShares } from '../../packages/guard/src/authz/index.ts';
import { createClient } from '../../packages/guard/src/client/index.ts';
import {
  combineVerifiers,
  createIssuer,
  createMemoryRevocationStore,
} from '../../packages/guard/src/core/index.ts';
import {
  createRedisRateLimitStore,
  createRedisRevocationStore,
  createRedisSessionStore,
  openRedis,
} from '../../packages/guard/src/redis/index.ts';
import { createMemorySessionStore } from '../../packages/guard/src/session/index.ts';
import { buildApp } from '../../packages/server/src/index.ts';
import { configFor, startIdp } from '../server/service.ts';
import { createTestRealm, type TestRealm } from '../support/test-realm.ts';

// Whatever an application holds may end in its log.

const CLIENT_SECRET = 'client-3cret-of-this-api';
const SESSION_SECRET = 'session-3cret-0123456789abcdef-ghijkl';
const REDIS_PASSWORD = 'redis-p4ssword';
const REDIS_URL = `redis://user:${REDIS_PASSWORD}@127.0.0.1:1/0`;
const USER_PASSWORD = 'user-p4ssword';
const SECRETS = [CLIENT_SECRET, SESSION_SECRET, REDIS_PASSWORD, USER_PASSWORD];
const ENCODED = SECRETS.flatMap((secret) => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').slice(0, 12),
  Buffer.from(`my-api:${secret}`).toString('base64').slice(8, 24),
]);

/** Everything that printing an object can show: by `console.log`, an error report, `JSON.stringify`, a log of pino's. */
function printsOf(value: unknown): string[] {
  const prints = [
    inspect(value, {
      depth: Infinity,
      showHidden: true,
      getters: true,
      maxArrayLength: null,
      maxStringLength: null,
    }),
    inspect(value, { depth: Infinity, showProxy: true, customInspect: false }),
  ];
  try {
    prints.push(JSON.stringify(value) ?? '');
  } catch (error) {
    prints.push(String(error));
  }
  const lines: string[] = [];
  const log = pino(
    {},
    new Writable({ write: (line, _encoding, done) => done(void lines.push(String(line))) }),
  );
  log.info({ value, err: value }, 'printed');
  return [...prints, ...lines];
}

function assertShowsNothing(what: string, value: unknown, more: readonly string[] = []): void {
  for (const print of printsOf(value)) {
    for (const secret of [...ENCODED, ...more]) {
      const at = print.indexOf(secret);
      assert.equal(at, -1, `${what} shows …${print.slice(Math.max(0, at - 200), at + 40)}…`);
    }
  }
}

/**
 * Every text that can be reached from a value. As {@link printsOf}, for what is too large to be printed: each object
 * once, with what is hidden, by symbols and getters too.
 */
function assertReachesNothing(what: string, root: unknown): void {
  const seen = new Set<unknown>([globalThis, process]);
  const queue: [unknown, string][] = [[root, what]];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [value, path] = next;
    if (typeof value === 'string') {
      const found = ENCODED.find((secret) => value.includes(secret));
      assert.equal(found, undefined, `${path} shows a secret`);
    }
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value))
      continue;
    seen.add(value);
    if (Buffer.isBuffer(value)) queue.push([value.toString('latin1'), path]);
    else if (ArrayBuffer.isView(value)) continue;
    if (value instanceof Map || value instanceof Set) queue.push([[...value], path]);
    for (const key of Reflect.ownKeys(value)) {
      queue.push([key, path]);
      try {
        queue.push([Reflect.get(value, key), `${path}.${String(key)}`]);
      } catch {
        // A getter that is for another object.
      }
    }
    queue.push([Object.getPrototypeOf(value), path]);
  }
}

const verifierOf = (realm: TestRealm) =>
  realm.verifier({ clientSecret: CLIENT_SECRET, issuer: realm.issuer });

async function redisOf(t: TestContext) {
  const connection = openRedis({ url: REDIS_URL, timeoutMs: 50 });
  const revocations = createRedisRevocationStore(connection);
  t.after(() => {
    revocations.close();
    connection.close();
  });
  return { connection, revocations };
}

test('what looks for secrets finds them, wherever they are', () => {
  const hidden = Object.defineProperty({}, 'x', { value: { deep: [new Map([['k', CLIENT_SECRET]])] } });
  for (const value of [
    hidden,
    new Error('x', { cause: new Error(USER_PASSWORD) }),
    { a: { b: { c: { d: REDIS_URL } } } },
  ]) {
    assert.throws(() => assertShowsNothing('it', value), /shows/);
    assert.throws(() => assertReachesNothing('it', value), /shows/);
  }
});

test('no verifier shows the client secret or a token, whatever it has been through', async (t) => {
  const realm = createTestRealm();
  const verifier = verifierOf(realm);
  const combined = combineVerifiers([verifier, verifierOf(createTestRealm({ realm: 'other' }))]);
  t.after(() => combined.close());
  assertShowsNothing('a new verifier', verifier);
  const token = realm.mint();
  await verifier.verify(token);
  realm.advance(40);
  realm.introspect = () => ({ status: 401, body: `Basic ${CLIENT_SECRET.slice(0, 0)}` });
  await verifier.verify(token);
  await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's' });
  const parts = token.split('.').slice(1);
  for (const [what, value] of Object.entries({
    verifier,
    combined,
    issuer: createIssuer({ serverUrl: realm.serverUrl, realm: realm.realm, fetch: realm.fetch }),
    status: verifier.status(),
  })) {
    assertShowsNothing(what, value, parts);
  }
  for (const notice of realm.notices) assertShowsNothing('a notice', notice, parts);
});

test('no error and no notice of a verifier shows the client secret or a token', async (t) => {
  const seen: unknown[] = [];
  for (const answer of ['down', 'error', 'html', 'half', 'missing', 'redirect', 'empty'] as const) {
    const realm = createTestRealm();
    const verifier = realm.verifier({
      clientSecret: CLIENT_SECRET,
      whenUnavailable: 'refuse',
      tokenCheck: 'remote',
      onNotice: (notice) => seen.push(notice),
      parseClaims: () => {
        throw new Error('refused');
      },
    });
    t.after(() => verifier.close());
    const token = realm.mint();
    const verify = () =>
      Promise.resolve(verifier.verify(token)).catch((error: unknown) => void seen.push(error));
    realm.answers.introspection = answer;
    await verify();
    realm.answers.introspection = 'normal';
    realm.introspect = () => ({ status: 401, body: { error: 'invalid_client' } });
    await verify();
    realm.introspect = () => ({ active: true });
    await verify();
    realm.setAll(answer);
    const other = realm.verifier({ clientSecret: CLIENT_SECRET, onNotice: (notice) => seen.push(notice) });
    t.after(() => other.close());
    await Promise.resolve(other.verify(token)).catch((error: unknown) => void seen.push(error));
    for (const one of seen.splice(0))
      assertShowsNothing(`what came of ${answer}`, one, token.split('.').slice(1));
  }
});

test('no client and no session shows a secret, nor does what decorates an application', async (t) => {
  const realm = createTestRealm();
  const verifier = verifierOf(realm);
  const client = createClient({
    serverUrl: realm.serverUrl,
    realm: realm.realm,
    clientId: realm.clientId,
    clientSecret: CLIENT_SECRET,
    fetch: realm.fetch,
  });
  const { connection, revocations } = await redisOf(t);
  const app = fastify();
  t.after(async () => {
    await app.close();
    await verifier.close();
  });
  await app.register(keycloakGuard, { verifier });
  await app.register(backchannelLogout);
  await app.register(keycloakSession, {
    client,
    secret: SESSION_SECRET,
    store: createRedisSessionStore(connection),
  });
  app.get('/', { config: { guard: true } }, () => 'in');
  await app.ready();
  const parts = {
    ...{ client, verifier: app.verifier, sessionAuthenticator: app.sessionAuthenticator },
    ...{ guard: app.guard(), revocations, connection, duplicate: connection.duplicate() },
    ...{ limits: createRedisRateLimitStore(connection), sessions: createRedisSessionStore(connection) },
    ...{ memory: createMemorySessionStore(), store: createMemoryRevocationStore() },
  };
  t.after(() => parts.duplicate.close());
  for (const [what, part] of Object.entries(parts)) assertShowsNothing(what, part);
  const failures = await Promise.allSettled([
    client.passwordGrant({ username: 'abdullah', password: USER_PASSWORD }),
    client.refresh('eyJhbGciOiJIUzUxMiJ9.eyJzZWNyZXQiOjF9.refresh'),
    client.logout('eyJhbGciOiJIUzUxMiJ9.eyJzZWNyZXQiOjF9.refresh'),
    connection.run((redis) => redis.ping()),
    revocations.add({ type: 'session', issuer: realm.issuer, sessionId: 's' }),
  ]);
  for (const failure of failures) {
    assert.equal(failure.status, 'rejected');
    assertShowsNothing('a failure', failure.reason, ['.refresh', 'eyJzZWNyZXQiOjF9']);
  }
});

test('nothing of permissions shows the client secret or a token, whatever Keycloak answers', async (t) => {
  for (const answer of ['unauthorized', 'down', 'page', 'echo'] as const) {
    const realm = createTestRealm();
    const verifier = verifierOf(realm);
    t.after(() => verifier.close());
    const echo = async (init: RequestInit = {}) => {
      const sent = `${String(init.body)} ${JSON.stringify(init.headers)}`;
      if (answer === 'down') throw new TypeError(sent, { cause: { code: sent } });
      if (answer === 'page') return new Response(`<html>${sent}`, { status: 502 });
      const status = answer === 'echo' ? 500 : 401;
      return Response.json({ error: 'invalid_client', error_description: sent }, { status });
    };
    const asksKeycloak = /protocol\/openid-connect\/token$|authz\/protection/;
    const fetch = ((url: string, init?: RequestInit) =>
      asksKeycloak.test(String(url)) ? echo(init) : realm.fetch(url, init)) as typeof globalThis.fetch;
    const token = realm.mint();
    const principal = await verifier.verify(token);
    const resourceId = 'a-b';
    const seen: unknown[] = [principal];
    const permissions = createPermissions({ verifier, clientSecret: CLIENT_SECRET, fetch });
    const shares = createShares(permissions);
    const permit = createPermit(permissions, { resourceId, scope: 'view' });
    seen.push(permissions, shares, permit, createPathEnforcer(permissions));
    const tries = [
      permissions.check(token, [{ resourceId, scope: 'view' }]),
      permissions.check(principal, ['orders#view']),
      permissions.list(principal),
      shares.request(principal, { resourceId, scope: 'view' }),
      shares.list(principal),
      Promise.resolve().then(() => permit.decide({}, principal)),
    ];
    for (const one of await Promise.allSettled(tries)) {
      assert.equal(one.status, 'rejected');
      seen.push(one.reason);
    }
    for (const one of seen) assertShowsNothing(`what came of ${answer}`, one, token.split('.').slice(1));
  }
});

test('no application shows the secrets that its plugins were given', async (t) => {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch } = realm;
  const app = fastify();
  t.after(() => app.close());
  const options = { serverUrl, realm: name, clientId, clientSecret: CLIENT_SECRET, fetch };
  await app.register(keycloakGuard, options);
  await app.register(keycloakSession, { client: createClient(options), secret: SESSION_SECRET });
  await app.ready();
  assertReachesNothing('the application', app);
  assertShowsNothing('its verifier', app.verifier);
});

test('no mistake in an option shows a secret', () => {
  const realm = createTestRealm();
  const { serverUrl, clientId } = realm;
  const makers = [
    () => realm.verifier({ clientSecret: ` ${CLIENT_SECRET}`, realm: '' }),
    () => createClient({ serverUrl, clientId, clientSecret: CLIENT_SECRET, realm: '' }),
    () => openRedis({ url: `http://user:${REDIS_PASSWORD}@127.0.0.1` }),
  ];
  for (const make of makers) {
    let error: unknown;
    assert.throws(make, (thrown) => {
      error = thrown;
      return true;
    });
    assertShowsNothing('the mistake', error);
  }
});

test('the service shows no secret, in whatever it decorates its application with', async (t) => {
  const idp = await startIdp(t);
  const config = configFor(idp.url, { SESSION_SECRET, REDIS_URL });
  const app = await buildApp({
    ...config,
    clientSecret: CLIENT_SECRET,
    credential: { secret: CLIENT_SECRET },
  });
  t.after(() => app.close());
  await app.ready();
  assertReachesNothing('the application', app);
  await app.inject({
    method: 'POST',
    url: '/login',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: `username=abdullah&password=${USER_PASSWORD}`,
  });
  assertReachesNothing('the application', app);
  assertShowsNothing('its verifier', app.verifier);
});
