import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Revocation } from '../../packages/guard/src/core/index.ts';
import {
  createRedisRevocationStore,
  openRedis,
  type RedisRevocationStore,
  RedisUnavailable,
} from '../../packages/guard/src/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis, type TestRedis } from '../support/redis-server.ts';

const ISSUER = 'https://sso.example.com/realms/testing';
const session = (sessionId: string): Revocation => ({ type: 'session', issuer: ISSUER, sessionId });

interface Process {
  readonly store: RedisRevocationStore;
  readonly seen: Revocation[];
  close(): void;
}

/** What one replica has: a connection, a store and a listener. */
async function startProcess(t: TestContext, redis: TestRedis, keyPrefix?: string): Promise<Process> {
  const connection = openRedis({ url: redis.url, keyPrefix, timeoutMs: 3_000 });
  const store = createRedisRevocationStore(connection);
  const seen: Revocation[] = [];
  store.subscribe((revocation) => seen.push(revocation));
  const close = () => {
    store.close();
    connection.close();
  };
  t.after(close);
  await eventually('the store has caught up', () => store.isCaughtUp && connection.isReady);
  return { store, seen, close };
}

/** A connection of the test's own. */
async function openCommand(t: TestContext, redis: TestRedis) {
  const command = openRedis({ url: redis.url, timeoutMs: 10_000 });
  t.after(() => command.close());
  await eventually('connected', () => command.isReady);
  return (...args: string[]) => command.run((client) => client.sendCommand(args));
}

const policyOf = async (call: (...args: string[]) => Promise<unknown>) => {
  const text = (await call('HGET', 'keycloak-guard:not-before', JSON.stringify([ISSUER, null]))) ?? '{}';
  return JSON.parse(String(text));
};

const isSeen = (process: Process, revocation: Revocation) =>
  process.seen.some((one) => JSON.stringify(one) === JSON.stringify(revocation));

test('a value that nobody can read gives way, and makes nothing be written twice', async (t) => {
  const redis = await startRedis(t);
  const call = await openCommand(t, redis);
  const field = JSON.stringify([ISSUER, null]);
  for (const bad of ['nonsense', '7', '{"notBefore":"soon"}', '{}', 'null']) {
    await call('HSET', 'keycloak-guard:not-before', field, bad);
    const one = await startProcess(t, redis);
    const before = Number(await call('XLEN', 'keycloak-guard:revocations'));
    await one.store.add({ type: 'not-before', issuer: ISSUER, notBefore: 1000, setAt: 1000 });
    assert.equal(one.store.waiting, 0);
    assert.equal((await policyOf(call)).notBefore, 1000, bad);
    assert.equal(await call('XLEN', 'keycloak-guard:revocations'), before + 1);
    one.close();
  }
});

test('what Redis refuses is not written half, and holds up nothing else', async (t) => {
  const redis = await startRedis(t);
  const call = await openCommand(t, redis);
  await call('SET', 'keycloak-guard:not-before', 'a key of another type');
  await call('LPUSH', 'keycloak-guard:mark', 'and another');
  const one = await startProcess(t, redis);
  const policy: Revocation = { type: 'not-before', issuer: ISSUER, notBefore: 1000, setAt: 1000 };
  await assert.rejects(one.store.add(policy), RedisUnavailable);
  await one.store.add(session('s1'));
  await eventually('the other one is tried again, in vain', () => one.store.waiting === 1);
  assert.equal(await call('XLEN', 'keycloak-guard:revocations'), 1);
  await call('DEL', 'keycloak-guard:not-before');
  await eventually('nothing waits', () => one.store.waiting === 0);
  assert.equal(await call('XLEN', 'keycloak-guard:revocations'), 2);
});

test('what is no revocation is refused, and does not wait', async (t) => {
  const redis = await startRedis(t);
  const one = await startProcess(t, redis);
  const bad = { type: 'not-before', issuer: ISSUER, notBefore: Number.NaN } as const;
  await assert.rejects(one.store.add(bad), TypeError);
  assert.equal(one.store.waiting, 0);
});

for (const days of [-2, 2, 400]) {
  test(`a process whose clock is ${days} days off takes nothing away, and forgets nothing`, async (t) => {
    const redis = await startRedis(t);
    const one = await startProcess(t, redis);
    const call = await openCommand(t, redis);
    // Redis takes away whole nodes alone: of one entry each, it takes whatever is old.
    await call('CONFIG', 'SET', 'stream-node-max-entries', '1');
    for (let i = 0; i < 20; i++) await one.store.add(session(`s${i}`));
    const until = Date.now() / 1000 + 60;
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + days * 86_400_000 });
    await one.store.add(session('by the wrong clock'));
    assert.equal(await one.store.useOnce('jti-1', until), true);
    t.mock.timers.reset();
    assert.equal(await call('XLEN', 'keycloak-guard:revocations'), 21);
    assert.ok(Number(await call('TTL', 'keycloak-guard:claim:jti-1')) > 500);
    const later = await startProcess(t, redis);
    assert.equal(later.seen.length, 21);
  });
}

test('what is older than it has to be is taken away, by the clock of Redis', async (t) => {
  const redis = await startRedis(t);
  const call = await openCommand(t, redis);
  await call('CONFIG', 'SET', 'stream-node-max-entries', '1');
  const [seconds] = (await call('TIME')) as unknown as string[];
  for (const age of [86_500, 86_300]) {
    await call('XADD', 'keycloak-guard:revocations', `${Number(seconds) - age}000-0`, 'r', '{}');
  }
  const one = await startProcess(t, redis);
  await one.store.add(session('s1'));
  assert.equal(await call('XLEN', 'keycloak-guard:revocations'), 2);
});

test('that Redis was emptied is noticed over a connection that stays, whatever others write meanwhile', async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startProcess(t, redis), await startProcess(t, redis)];
  const policy: Revocation = { type: 'not-before', issuer: ISSUER, notBefore: 1000, setAt: 1000 };
  for (const revocation of [session('before'), policy]) await one.store.add(revocation);
  await eventually('it has come', () => isSeen(other, policy) && isSeen(one, policy));
  const call = await openCommand(t, redis);
  await call('FLUSHALL');
  await call('XADD', 'keycloak-guard:revocations', '*', 'r', JSON.stringify(session('since')));
  await eventually('what was written since has come', () => isSeen(one, session('since')));
  await eventually(
    'all is back',
    async () => {
      const texts = JSON.stringify(await call('XRANGE', 'keycloak-guard:revocations', '-', '+'));
      return texts.includes('before') && (await policyOf(call)).notBefore === 1000;
    },
    30_000,
  );
  await eventually('nothing waits', () => one.store.waiting + other.store.waiting === 0);
  const later = await startProcess(t, redis);
  for (const revocation of [session('before'), session('since'), policy])
    assert.ok(isSeen(later, revocation));
});
