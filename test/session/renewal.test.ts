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
