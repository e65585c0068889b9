import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientError, createClient, type Tokens } from '../../packages/guard/src/client/index.ts';
import { createSealer } from '../../packages/guard/src/session/cookie/seal.ts';
import type { SessionOptions } from '../../packages/guard/src/session/index.ts';
import { createEndings } from '../../packages/guard/src/session/record/endings.ts';
import { createSessionKeeper } from '../../packages/guard/src/session/record/keeper.ts';
import { toSessionRecord } from '../../packages/guard/src/session/record/record.ts';
import {
  createMemorySessionStore,
  type SessionStore,
} from '../../packages/guard/src/session/record/store.ts';
import { resolveSessionOptions, toTenantOptions } from '../../packages/guard/src/session/resolved-options.ts';

const SECRET = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';
const CLIENT = createClient({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'x' });
const TOKENS: Tokens = {
  ...{ accessToken: 'a', tokenType: 'bearer', expiresInSeconds: 36_000, scopes: [] },
  ...{ refreshToken: 'r', refreshExpiresInSeconds: null, idToken: null },
};

/** Sessions by a clock that the test sets, and what their store is asked. */
function setUp(
  replaced: (store: SessionStore) => Partial<SessionStore> = () => ({}),
  more: Partial<SessionOptions> = {},
) {
  let now = Date.UTC(2026, 0, 15);
  const clock = () => now;
  const plain = createMemorySessionStore({ clock });
  const calls = { get: 0, touch: [] as number[] };
  const store: SessionStore = {
    ...plain,
    get(key) {
      calls.get++;
      return plain.get(key);
    },
    async touch(key, ttlMs) {
      calls.touch.push(ttlMs);
      await plain.touch(key, ttlMs);
    },
    ...replaced(plain),
  };
  const options = resolveSessionOptions({ client: CLIENT, secret: SECRET, clock, store, ...more });
  return { keeper: createSessionKeeper(options), calls, clock, pass: (ms: number) => (now += ms) };
}

test('a token is renewed half a minute before it expires, or after two thirds of a short life', () => {
  for (const [expiresInSeconds, expires, renew] of [
    [300, 300_000, 270_000],
    [90, 90_000, 60_000],
    [60, 60_000, 40_000],
    [3, 3_000, 2_000],
    // Keycloak did not say.
    [null, 60_000, 40_000],
  ] as const) {
    const { createdAt, accessExpiresAt, renewAt } = toSessionRecord(
      { ...TOKENS, expiresInSeconds },
      1_000_000,
    );
    assert.deepEqual(
      [createdAt, accessExpiresAt, renewAt],
      [1_000_000, 1_000_000 + expires, 1_000_000 + renew],
    );
  }
  const before = { createdAt: 5, refreshToken: 'old', idToken: 'i', organization: 'acme' };
  const { refreshToken, idToken, organization, createdAt } = toSessionRecord(
    { ...TOKENS, refreshToken: null },
    1_000_000,
    before,
  );
  assert.deepEqual([refreshToken, idToken, organization, createdAt], ['old', 'i', 'acme', 5]);
});

test('the idle time begins anew in the store at most once in a twentieth of it, and in a minute', async () => {
  for (const [idleSeconds, everyMs] of [
    [60, 3_000],
    [1_200, 60_000],
    [36_000, 60_000],
  ] as const) {
    const { keeper, calls, pass } = setUp(undefined, { idleSeconds, maxSeconds: 36_000 });
    const { cookie } = await keeper.begin(TOKENS);
    await keeper.find(cookie);
    assert.deepEqual(calls.touch, [idleSeconds * 1_000], 'at first use');
    pass(everyMs - 1);
    await keeper.find(cookie);
    assert.equal(calls.touch.length, 1);
    // A look is no use.
    pass(1);
    await keeper.find(cookie, false);
    assert.equal(calls.touch.length, 1);
    await keeper.find(cookie);
    assert.equal(calls.touch.length, 2);
  }
});

test('a use that the store did not take is told again at the next', async () => {
  let tries = 0;
  const { keeper } = setUp(() => ({ touch: async () => Promise.reject(new Error(`away ${tries++}`)) }));
  const { cookie } = await keeper.begin(TOKENS);
  for (let use = 1; use <= 3; use++) {
    await keeper.find(cookie);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(tries, use);
  }
});

test('a session is read from the store again after ten seconds, and at each use where none is kept', async () => {
  const { keeper, calls, pass } = setUp();
  const { cookie } = await keeper.begin(TOKENS);
  for (const [ms, reads] of [
    [0, 1],
    [9_999, 1],
    [1, 2],
  ] as const) {
    pass(ms);
    await keeper.find(cookie);
    assert.equal(calls.get, reads);
  }
  const none = setUp(undefined, { maxCachedSessions: 0 });
  const other = await none.keeper.begin(TOKENS);
  for (const reads of [1, 2, 3]) {
    await none.keeper.find(other.cookie);
    assert.equal(none.calls.get, reads);
  }
});

test('a session has its longest life also in a store that forgets nothing', async () => {
  const keepsAll = (plain: SessionStore) => ({
    create: (...[key, value]: Parameters<SessionStore['create']>) => plain.create(key, value, 1e12),
    touch: async () => {},
  });
  const times = { idleSeconds: 3_600, maxSeconds: 3_600, maxCachedSessions: 0 };
  const { keeper, pass } = setUp(keepsAll, times);
  const { cookie } = await keeper.begin(TOKENS);
  pass(3_599_999);
  assert.notEqual(await keeper.find(cookie), null);
  pass(1);
  assert.equal(await keeper.find(cookie), null);
});

test('sessions whose tokens have up to 16,384 characters are kept in memory', async () => {
  for (const [length, reads] of [
    [16_384, 1],
    [16_385, 2],
  ] as const) {
    const { keeper, calls } = setUp();
    const { cookie } = await keeper.begin({ ...TOKENS, accessToken: 'x'.repeat(length - 1) });
    await keeper.find(cookie);
    await keeper.find(cookie);
    assert.equal(calls.get, reads, `${length}`);
  }
});

test('the end of a session is that of its idle time, never later than its last moment; of one that is gone, now', async () => {
  const { keeper, clock, pass } = setUp(undefined, { idleSeconds: 600, maxSeconds: 900 });
  const { cookie } = await keeper.begin(TOKENS);
  const session = (await keeper.peek(cookie)) ?? assert.fail();
  const begun = clock();
  assert.deepEqual(await keeper.endsAt(session), { idle: begun + 600_000, absolute: begun + 900_000 });
  pass(400_000);
  await keeper.find(cookie);
  assert.deepEqual(await keeper.endsAt(session), { idle: begun + 900_000, absolute: begun + 900_000 });
  assert.equal(await keeper.end(cookie), true);
  assert.deepEqual(await keeper.endsAt(session), { idle: clock(), absolute: begun + 900_000 });
  // What is no cookie of ours is over.
  assert.equal(await keeper.end('made-up.x'), true);
  assert.equal(await keeper.peek('made-up.x'), null);
});

test('a token is renewed beside requests while it is valid, and before the answer once it is not', async () => {
  let refreshes = 0;
  const refresh = async () => {
    refreshes++;
    throw new ClientError({ id: 'x', kind: 'provider_unavailable', cause: 'away', fix: '' } as never);
  };
  const { keeper, pass } = setUp(undefined, { client: { ...CLIENT, refresh } });
  const { cookie } = await keeper.begin({ ...TOKENS, expiresInSeconds: 90 });
  for (const [ms, tries] of [
    [59_999, 0],
    [1, 1],
    [29_999, 2],
  ] as const) {
    pass(ms);
    assert.equal((await keeper.find(cookie))?.record.accessToken, 'a');
    // A failure that nobody waits for ends no process.
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(refreshes, tries);
  }
  pass(1);
  await assert.rejects(async () => keeper.find(cookie), { code: 'provider_unavailable' });
  assert.equal(refreshes, 3);
});

test('a session that the store, Keycloak or its owner ended is not at hand any more', async () => {
  const refresh = async () => {
    throw new ClientError({ id: 'x', kind: 'invalid_credentials', cause: 'over', fix: '' } as never);
  };
  const { keeper, pass } = setUp((plain) => ({ delete: plain.delete }), { client: { ...CLIENT, refresh } });
  const begin = async (expiresInSeconds: number) => {
    const { cookie } = await keeper.begin({ ...TOKENS, expiresInSeconds });
    await keeper.find(cookie);
    assert.equal(keeper.atHand(cookie)?.record.accessToken, 'a');
    return cookie;
  };
  const left = await begin(36_000);
  assert.equal(await keeper.end(left), true);
  assert.equal(keeper.atHand(left), null);

  const refused = await begin(60);
  pass(60_000);
  assert.equal(await keeper.find(refused), null);
  assert.equal(keeper.atHand(refused), null);

  const forgotten = await begin(36_000);
  pass(1_800_000);
  assert.equal(await keeper.find(forgotten), null);
  assert.equal(keeper.atHand(forgotten), null);
});

test('an end that the store does not take for as long as a session can last is forgotten', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  let tries = 0;
  const endings = createEndings(
    { ...createMemorySessionStore(), delete: async () => Promise.reject(new Error(`away ${tries++}`)) },
    60_000,
  );
  assert.equal(await endings.end('key'), false);
  assert.equal(endings.has('key'), true);
  now = 60_000;
  await endings.close();
  assert.deepEqual([endings.has('key'), tries], [false, 1]);
});

test('a cookie that was named for all tenants is named for each, and is no longer than one may be', () => {
  const named = (cookieName: string | undefined, name: string) =>
    toTenantOptions(
      { secret: SECRET, cookieName },
      { name, baseUrl: 'https://sso/realms/a', clientId: 'my-api' },
    ).cookieName ?? '';
  assert.match(named('shop', 'acme'), /^shop-[0-9a-f]{8}$/);
  assert.notEqual(named('shop', 'acme'), named('shop', 'globex'));
  assert.match(named('a'.repeat(80), 'acme'), /^a{71}-[0-9a-f]{8}$/);
  assert.match(named(undefined, 'acme'), /^session-my-api-acme-[0-9a-f]{8}/);
});

test('nothing is sealed without a secret', () => {
  assert.throws(() => createSealer([]), /^TypeError: createSealer: the secret is missing$/);
});
