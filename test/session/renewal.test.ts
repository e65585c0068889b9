import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientError, createClient, type Tokens } from '../../packages/guard/src/client/index.ts';
import type { LiveSession } from '../../packages/guard/src/session/record/record.ts';
import { createRenewal } from '../../packages/guard/src/session/record/renewal.ts';
import { createMemorySessionStore } from '../../packages/guard/src/session/record/store.ts';
import { resolveSessionOptions } from '../../packages/guard/src/session/resolved-options.ts';

const USED_UP = new ClientError({
  ...{ id: 'refresh-token-over', kind: 'invalid_credentials', cause: 'Token is not active', fix: 'Log in.' },
});

const sessionWith = (accessToken: string): LiveSession => ({
  ...{ id: 'id', key: 'key', cookie: 'cookie', loadedAt: 0, touchedAt: 0 },
  record: {
    ...{ createdAt: 0, accessToken, accessExpiresAt: 0, renewAt: 0, refreshToken: 'refresh', idToken: null },
  },
});

/** A renewal whose refresh Keycloak refuses, and what is in the store by then. */
function setUp(stored: () => LiveSession | null, timeoutMs = 5_000) {
  const store = createMemorySessionStore();
  const locks: number[] = [];
  const ended: string[] = [];
  const options = resolveSessionOptions({
    client: {
      ...createClient({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'x', timeoutMs }),
      refresh: async (): Promise<Tokens> => {
        throw USED_UP;
      },
    },
    secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
    store: {
      ...store,
      lock(key, ttlMs) {
        locks.push(ttlMs);
        return store.lock(key, ttlMs);
      },
    },
  });
  const renew = createRenewal({
    options,
    load: async () => stored(),
    replace: async () => null,
    end: async ({ record }) => void ended.push(record.accessToken),
  });
  return { renew, locks, ended };
}

test('a refresh token that another process has used meanwhile is not the end of the session', async () => {
  let asked = 0;
  const { renew, ended } = setUp(() => sessionWith(asked++ === 0 ? 'old' : 'new'));
  const renewed = await renew(sessionWith('old'));
  assert.equal(renewed?.record.accessToken, 'new');
  assert.deepEqual(ended, []);
});

test('a refresh token that nobody has used meanwhile is the end of the session', async () => {
  const { renew, ended } = setUp(() => sessionWith('old'));
  assert.equal(await renew(sessionWith('old')), null);
  assert.deepEqual(ended, ['old']);
});

test('a renewal is locked for as long as Keycloak may take: a discovery and a refresh', async () => {
  for (const [timeoutMs, lockMs] of [
    [500, 10_000],
    [60_000, 120_000],
  ] as const) {
    const { renew, locks } = setUp(() => sessionWith('new'), timeoutMs);
    await renew(sessionWith('old'));
    assert.deepEqual(locks, [lockMs]);
  }
});

/** A renewal with a store that locks as the test says, and a session whose tokens are those of the store. */
function setUpLock({
  lock,
  load = async () => sessionWith('old'),
  refresh = async () => assert.fail('Keycloak is asked'),
}: {
  lock: () => Promise<(() => Promise<void>) | null>;
  load?: () => Promise<LiveSession | null>;
  refresh?: () => Promise<Tokens>;
}) {
  const ended: string[] = [];
  const renew = createRenewal({
    options: resolveSessionOptions({
      client: {
        ...createClient({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'x' }),
        refresh,
      },
      secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826',
      store: { ...createMemorySessionStore(), lock },
    }),
    load,
    replace: async () => null,
    end: async ({ record }) => void ended.push(record.accessToken),
  });
  return { renew, ended };
}

test('a store that does not lock is away; one that then does not load gives the lock back', async () => {
  const away = new Error('away');
  const unlocked = setUpLock({ lock: () => Promise.reject(away) });
  await assert.rejects(unlocked.renew(sessionWith('old')), {
    ...{ code: 'session_store_unavailable', cause: away },
  });
  let left = 0;
  for (const unlock of [async () => void left++, null]) {
    const { renew } = setUpLock({ lock: async () => unlock, load: () => Promise.reject(away) });
    await assert.rejects(renew(sessionWith('old')), away);
  }
  assert.equal(left, 1);
});

test('a session without a refresh token ends where its access token does; an error of another kind ends none', async () => {
  const lock = async () => async () => {};
  const { renew, ended } = setUpLock({ lock });
  const session = sessionWith('old');
  session.record = { ...session.record, refreshToken: null };
  assert.equal(await renew(session), null);
  assert.deepEqual(ended, ['old']);

  const broken = new TypeError('broken');
  const other = setUpLock({ lock, refresh: () => Promise.reject(broken) });
  await assert.rejects(other.renew(sessionWith('old')), broken);
  assert.deepEqual(other.ended, []);
});

test('another process that renews is waited for, for ten seconds', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  let looks = 0;
  const load = async () => {
    looks++;
    now += 2_500;
    return sessionWith(looks === 4 ? 'new' : 'old');
  };
  const { renew } = setUpLock({ lock: async () => null, load });
  assert.equal((await renew(sessionWith('old')))?.record.accessToken, 'new');
  looks = 4;
  await assert.rejects(renew(sessionWith('old')), {
    code: 'provider_unavailable',
    reason: 'Another process did not finish renewing the session',
  });
  // Once more after those ten seconds.
  assert.equal(looks, 9);
});
