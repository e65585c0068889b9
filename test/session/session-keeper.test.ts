import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientError, createClient } from '../../packages/guard/src/client/index.ts';
import { isAuthError } from '../../packages/guard/src/core/index.ts';
import { createSessionKeeper } from '../../packages/guard/src/session/record/keeper.ts';
import { createMemorySessionStore } from '../../packages/guard/src/session/record/store.ts';
import { resolveSessionOptions } from '../../packages/guard/src/session/resolved-options.ts';

test('a session in use is prolonged in the store once a minute, though it is read every ten seconds', async () => {
  let now = Date.UTC(2026, 0, 15);
  const store = createMemorySessionStore({ clock: () => now });
  const calls = { get: 0, touch: 0 };
  const keeper = createSessionKeeper(
    resolveSessionOptions({
      client: createClient({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'x' }),
      secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
      clock: () => now,
      store: {
        ...store,
        get(key) {
          calls.get++;
          return store.get(key);
        },
        touch(key, ttlMs) {
          calls.touch++;
          return store.touch(key, ttlMs);
        },
      },
    }),
  );
  const { cookie } = await keeper.begin({
    ...{ accessToken: 'a', tokenType: 'bearer', expiresInSeconds: 3_600, scopes: [] },
    ...{ refreshToken: null, refreshExpiresInSeconds: null, idToken: null },
  });
  for (let second = 0; second < 120; second++) {
    assert.ok(await keeper.find(cookie));
    now += 1_000;
  }
  assert.deepEqual(calls, { get: 12, touch: 2 });
});

test('a lock that cannot be given back spoils nothing that was done with it', async (t) => {
  let now = Date.UTC(2026, 0, 15);
  const store = createMemorySessionStore({ clock: () => now });
  const tokens = { tokenType: 'bearer', scopes: [], refreshExpiresInSeconds: null, idToken: null };
  const client = createClient({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'x' });
  const options = {
    client: {
      ...client,
      refresh: async () => ({
        ...tokens,
        ...{ accessToken: 'renewed', refreshToken: 'next', expiresInSeconds: 60 },
      }),
    },
    clock: () => now,
    store: {
      ...store,
      async lock(key: string, ttlMs: number) {
        const unlock = await store.lock(key, ttlMs);
        if (unlock === null) return null;
        return async () => {
          await unlock();
          throw new Error('away');
        };
      },
    },
  };
  const [old, next] = ['b7f3c1d95e0a4826b7f3c1d95e0a4826', '0a4826b7f3c1d95e0a4826b7f3c1d95e'];
  const keeper = createSessionKeeper(resolveSessionOptions({ ...options, secret: old }));
  t.after(() => keeper.close());
  const begun = { ...tokens, accessToken: 'a', refreshToken: 'r', expiresInSeconds: 60 };
  const { cookie } = await keeper.begin(begun);
  now += 61_000;
  assert.equal((await keeper.find(cookie))?.record.accessToken, 'renewed');
  const restarted = createSessionKeeper(resolveSessionOptions({ ...options, secret: [next, old] }));
  t.after(() => restarted.close());
  assert.equal((await restarted.find(cookie))?.record.accessToken, 'renewed');
});

test('a session is one, in however many ways its cookie is spelled', async (t) => {
  const now = Date.UTC(2026, 0, 15);
  const store = createMemorySessionStore({ clock: () => now });
  let reads = 0;
  const keeper = createSessionKeeper(
    resolveSessionOptions({
      client: createClient({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'x' }),
      secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
      clock: () => now,
      maxCachedSessions: 2,
      store: {
        ...store,
        get(key) {
          reads++;
          return store.get(key);
        },
      },
    }),
  );
  t.after(() => keeper.close());
  const tokens = { accessToken: 'a', tokenType: 'bearer', expiresInSeconds: 3_600, scopes: [] };
  const none = { refreshToken: null, refreshExpiresInSeconds: null, idToken: null };
  const [mine, other] = [
    await keeper.begin({ ...tokens, ...none }),
    await keeper.begin({ ...tokens, ...none }),
  ];
  await keeper.find(other.cookie);
  const encode = (one: string) => `%${one.charCodeAt(0).toString(16)}`;
  for (let i = 0; i < 40; i++) {
    const spelled = [...mine.cookie].map((one, at) => (at === i || at % (i + 1) === 0 ? encode(one) : one));
    assert.ok(await keeper.find(spelled.join('')), spelled.join(''));
  }
  assert.ok(await keeper.find(encodeURIComponent(mine.cookie)));
  const twice = encodeURIComponent([...mine.cookie].map(encode).join(''));
  assert.equal(await keeper.find(twice), null, 'a cookie is decoded once');
  await keeper.find(other.cookie);
  assert.equal(reads, 2, 'each was read once, and none pushed the other out');
  assert.equal(await keeper.end(mine.cookie.replace(/^./, encode)), true);
  assert.equal(await keeper.find(mine.cookie), null);
  assert.equal(await keeper.find('%zz'), null);
});

test('a token that is too long is not kept: the realm of one tenant does not fill the store of all', async () => {
  const store = createMemorySessionStore();
  let created = 0;
  const create: typeof store.create = (...given) => {
    created++;
    return store.create(...given);
  };
  const client = createClient({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'x' });
  const secret = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';
  const keeper = createSessionKeeper(resolveSessionOptions({ client, secret, store: { ...store, create } }));
  const tokens = {
    ...{ accessToken: 'a', tokenType: 'bearer', expiresInSeconds: 3_600, scopes: [] },
    ...{ refreshToken: 'r', refreshExpiresInSeconds: null, idToken: 'i' },
  };
  for (const name of ['accessToken', 'refreshToken', 'idToken']) {
    const error = await keeper.begin({ ...tokens, [name]: 'x'.repeat(700_000) }).catch((one: unknown) => one);
    assert.ok(isAuthError(error), name);
    assert.deepEqual([error.code, error.seen], ['provider_misconfigured', '700000 characters']);
    assert.ok((await keeper.begin({ ...tokens, [name]: 'x'.repeat(32_768) })).cookie);
  }
  assert.equal(created, 3);
});

test('a session that grows when it is renewed is kept in memory no more than one that was large from the beginning', async (t) => {
  let now = Date.UTC(2026, 0, 15);
  const store = createMemorySessionStore({ clock: () => now });
  let reads = 0;
  const get: typeof store.get = (key) => {
    reads++;
    return store.get(key);
  };
  const client = createClient({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'x' });
  const tokens = {
    ...{ accessToken: 'a', tokenType: 'bearer', expiresInSeconds: 60, scopes: [] },
    ...{ refreshToken: 'r', refreshExpiresInSeconds: null, idToken: 'i' },
  };
  const long = 'x'.repeat(32_768);
  const keeper = createSessionKeeper(
    resolveSessionOptions({
      client: {
        ...client,
        refresh: async () => ({ ...tokens, accessToken: long, refreshToken: long, idToken: long }),
      },
      secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
      clock: () => now,
      store: { ...store, get },
    }),
  );
  t.after(() => keeper.close());
  const { cookie } = await keeper.begin(tokens);
  await keeper.find(cookie);
  await keeper.find(cookie);
  assert.equal(reads, 1);
  now += 61_000;
  assert.equal((await keeper.find(cookie))?.record.accessToken, long);
  assert.equal(keeper.atHand(cookie), null);
  const before = reads;
  await keeper.find(cookie);
  await keeper.find(cookie);
  assert.equal(reads - before, 2);
});

test('a session whose renewal Keycloak refuses is over in the store, too', async (t) => {
  let now = Date.UTC(2026, 0, 15);
  const store = createMemorySessionStore({ clock: () => now });
  const client = createClient({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'x' });
  let refreshes = 0;
  const refresh = async () => {
    refreshes++;
    throw new ClientError({ id: 'over', kind: 'invalid_credentials', cause: 'not active', fix: 'Log in.' });
  };
  const keeper = createSessionKeeper(
    resolveSessionOptions({
      ...{ client: { ...client, refresh }, clock: () => now, store },
      secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    }),
  );
  t.after(() => keeper.close());
  const { cookie } = await keeper.begin({
    ...{ accessToken: 'a', tokenType: 'bearer', expiresInSeconds: 60, scopes: [] },
    ...{ refreshToken: 'r', refreshExpiresInSeconds: null, idToken: null },
  });
  now += 61_000;
  for (let i = 0; i < 2; i++) assert.equal(await keeper.find(cookie), null);
  assert.deepEqual([await keeper.peek(cookie), refreshes], [null, 1]);
});
