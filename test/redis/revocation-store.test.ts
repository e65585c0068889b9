import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Revocation } from '../../src/core/index.ts';
import {
  createRedisRevocationStore,
  openRedis,
  type RedisRevocationStore,
  RedisUnavailable,
} from '../../src/redis/index.ts';
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
  const connection = openRedis({ url: redis.url, timeoutMs: 500 });
  const store = createRedisRevocationStore(connection, { keyPrefix });
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

const isSeen = (process: Process, revocation: Revocation) =>
  process.seen.some((one) => JSON.stringify(one) === JSON.stringify(revocation));

test('a revocation reaches every process, whoever added it, also its own', async (t) => {
  const redis = await startRedis(t);
  const processes = await Promise.all([1, 2, 3].map(() => startProcess(t, redis)));
  const kinds: Revocation[] = [
    session('s1'),
    { type: 'user', issuer: ISSUER, subject: 'u1', issuedUntil: 1_700_000_000 },
    { type: 'token', issuer: ISSUER, tokenId: 't1' },
    { type: 'not-before', issuer: ISSUER, notBefore: 1_700_000_000 },
    { type: 'not-before', issuer: ISSUER, clientId: 'my-api', notBefore: 1_700_000_001 },
  ];
  for (const revocation of kinds) await processes[0]!.store.add(revocation);
  for (const process of processes) {
    await eventually('all have come', () => process.seen.length === kinds.length);
    assert.deepEqual(process.seen, kinds);
  }
});

test('a process that starts later learns of what is in force', async (t) => {
  const redis = await startRedis(t);
  const first = await startProcess(t, redis);
  for (let i = 0; i < 2_500; i++) await first.store.add(session(`s${i}`));
  const later = await startProcess(t, redis);
  assert.equal(later.seen.length, 2_500);
  const listener: Revocation[] = [];
  later.store.subscribe((revocation) => listener.push(revocation));
  assert.equal(listener.length, 2_500, 'and so does a listener that comes even later');
});

test('several APIs share one Redis without hearing of each other', async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startProcess(t, redis, 'one'), await startProcess(t, redis, 'other')];
  await one.store.add(session('s1'));
  await eventually('it has come', () => one.seen.length === 1);
  await other.store.add(session('s2'));
  await eventually('it has come', () => other.seen.length === 1);
  assert.deepEqual([one.seen, other.seen], [[session('s1')], [session('s2')]]);
});

test('while Redis is down a revocation is refused at once, and shared when Redis is back', async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startProcess(t, redis), await startProcess(t, redis)];
  await one.store.add(session('before'));
  await eventually('it has come', () => isSeen(other, session('before')));
  await redis.kill();
  const begin = Date.now();
  await assert.rejects(one.store.add(session('during')), RedisUnavailable);
  assert.ok(Date.now() - begin < 1_000, `took ${Date.now() - begin} ms`);
  assert.equal(one.store.waiting, 1);
  assert.ok(isSeen(one, session('during')), 'this process knows');
  await redis.start();
  await eventually('the other one knows', () => isSeen(other, session('during')));
  await eventually('nothing waits', () => one.store.waiting === 0);
});

test('a Redis that hangs is noticed within the timeout, and used again when it goes on', async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startProcess(t, redis), await startProcess(t, redis)];
  redis.freeze();
  t.after(() => redis.thaw());
  const begin = Date.now();
  await assert.rejects(one.store.add(session('during')), RedisUnavailable);
  const took = Date.now() - begin;
  assert.ok(took >= 450 && took < 1_500, `took ${took} ms`);
  redis.thaw();
  await eventually('the other one knows', () => isSeen(other, session('during')), 10_000);
});

test('a process that was cut off goes on where it stopped', async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startProcess(t, redis), await startProcess(t, redis)];
  const command = openRedis({ url: redis.url });
  t.after(() => command.close());
  await eventually('connected', () => command.isReady);
  for (let round = 0; round < 5; round++) {
    await command.run((client) => client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']));
    for (let i = 0; i < 20; i++) await one.store.add(session(`${round}-${i}`)).catch(() => {});
    await eventually('all have come', () => {
      const names = new Set(other.seen.map((one) => 'sessionId' in one && one.sessionId));
      return names.size === (round + 1) * 20;
    });
  }
});

test('a Redis that lost its data is told again what the processes know', async (t) => {
  const redis = await startRedis(t, { isKept: false });
  const one = await startProcess(t, redis);
  await one.store.add(session('before'));
  await eventually('it has come', () => isSeen(one, session('before')));
  await redis.kill();
  await redis.start();
  await eventually('a new one learns of it', async () => {
    const later = await startProcess(t, redis);
    later.close();
    return isSeen(later, session('before'));
  });
});

test('an id can be claimed once, in whichever process', async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startProcess(t, redis), await startProcess(t, redis)];
  const until = Date.now() / 1000 + 60;
  assert.equal(await one.store.claim('jti-1', until), true);
  assert.equal(await other.store.claim('jti-1', until), false);
  assert.equal(await one.store.claim('jti-1', until), false);
  await redis.kill();
  assert.equal(await other.store.claim('jti-2', until), true, 'a logout does not fail because Redis is away');
  assert.equal(await other.store.claim('jti-2', until), false);
});

test('what no version of this program wrote is passed over', async (t) => {
  const redis = await startRedis(t);
  const one = await startProcess(t, redis);
  const command = openRedis({ url: redis.url });
  t.after(() => command.close());
  await eventually('connected', () => command.isReady);
  for (const r of ['nonsense', 'null', '{"type":"session"}', '{"type":"planet","issuer":"x"}']) {
    await command.run((client) => client.xAdd('keycloak-guard:revocations', '*', { r }));
  }
  await one.store.add(session('s1'));
  await eventually('it has come', () => one.seen.length > 0);
  assert.deepEqual(one.seen, [session('s1')]);
});
