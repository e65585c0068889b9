import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
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

/** Long enough for a command on a machine that does other things. */
const TIMEOUT_MS = 3_000;

/** What one replica has: a connection, a store and a listener. */
async function startProcess(t: TestContext, redis: TestRedis, keyPrefix?: string): Promise<Process> {
  const connection = openRedis({ url: redis.url, keyPrefix, timeoutMs: TIMEOUT_MS });
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
  assert.ok(Date.now() - begin < TIMEOUT_MS - 100, `took ${Date.now() - begin} ms`);
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
  assert.ok(took >= TIMEOUT_MS - 50 && took < 5 * TIMEOUT_MS, `took ${took} ms`);
  redis.thaw();
  await eventually('the other one knows', () => isSeen(other, session('during')));
});

test('a process that was cut off goes on where it stopped', async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startProcess(t, redis), await startProcess(t, redis)];
  const command = openRedis({ url: redis.url, timeoutMs: 10_000 });
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

test('a Redis that lost its data is told again, though others have written to it since', async (t) => {
  const redis = await startRedis(t);
  const one = await startProcess(t, redis);
  await one.store.add(session('before'));
  await eventually('it has come', () => isSeen(one, session('before')));
  const command = openRedis({ url: redis.url, timeoutMs: 10_000 });
  t.after(() => command.close());
  await eventually('connected', () => command.isReady);
  await command.run((client) =>
    client
      .multi()
      .addCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
      .flushAll()
      .xAdd('keycloak-guard:revocations', '*', { r: JSON.stringify(session('since')) })
      .exec(),
  );
  await eventually('what was written since has come', () => isSeen(one, session('since')));
  const later = await startProcess(t, redis);
  await eventually('a new one learns of it', () => isSeen(later, session('before')));
});

test('a Redis that did not lose its data is told nothing again', async (t) => {
  const redis = await startRedis(t);
  const one = await startProcess(t, redis);
  const call = await openCommand(t, redis);
  await one.store.add(session('before'));
  await eventually('it has come', () => isSeen(one, session('before')));
  await call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await eventually('connected again', () =>
    one.store
      .add(session('after'))
      .then(() => true)
      .catch(() => false),
  );
  await eventually('it has come', () => isSeen(one, session('after')));
  await eventually('nothing waits', () => one.store.waiting === 0);
  const texts = JSON.stringify(await call('XRANGE', 'keycloak-guard:revocations', '-', '+'));
  assert.equal(texts.split('before').length, 2);
});

test('a not-before is told again though it was set more than a day ago', async (t) => {
  const redis = await startRedis(t, { isKept: false });
  const one = await startProcess(t, redis);
  const policy: Revocation = { type: 'not-before', issuer: ISSUER, notBefore: 1000, setAt: 1000 };
  await one.store.add(policy);
  await eventually('it has come', () => isSeen(one, policy));
  const call = await openCommand(t, redis);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 25 * 60 * 60 * 1000 });
  await call('XADD', 'keycloak-guard:revocations', '*', 'r', JSON.stringify(session('a day later')));
  for (let i = 0; i < 4_000 && !isSeen(one, session('a day later')); i++) await setTimeout(5);
  t.mock.timers.reset();
  await redis.kill();
  await redis.start();
  await eventually('a new one learns of it', async () => {
    const later = await startProcess(t, redis);
    later.close();
    return isSeen(later, policy);
  });
});

test('what Redis refuses over a connection that stays is shared when it takes it', async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startProcess(t, redis), await startProcess(t, redis)];
  const call = await openCommand(t, redis);
  await call('CONFIG', 'SET', 'maxmemory', '1');
  await assert.rejects(one.store.add(session('during')), RedisUnavailable);
  await assert.rejects(one.store.add(session('during too')), RedisUnavailable);
  assert.equal(one.store.waiting, 2);
  await call('CONFIG', 'SET', 'maxmemory', '0');
  for (const name of ['during', 'during too']) {
    await eventually('the other one knows', () => isSeen(other, session(name)));
  }
  await eventually('nothing waits', () => one.store.waiting === 0);
});

test('a not-before that waited takes no later one back, for those who start later either', async (t) => {
  const redis = await startRedis(t);
  const call = await openCommand(t, redis);
  const one = await startProcess(t, redis);
  const set = (notBefore: number, setAt?: number) =>
    one.store.add({ type: 'not-before', issuer: ISSUER, notBefore, ...(setAt && { setAt }) });
  const policies: [number, number?][] = [];
  for (const [given, expected] of [
    [
      [1000, 1000],
      [1000, 1000],
    ],
    [
      [900, 2000],
      [1000, 1000],
    ],
    [
      [0, 999.5],
      [1000, 1000],
    ],
    [
      [0, undefined],
      [1000, 1000],
    ],
    [
      [1000, 1200],
      [1000, 1200],
    ],
    [
      [1000, 1100],
      [1000, 1200],
    ],
    [
      [0, 1100],
      [1000, 1200],
    ],
    [
      [0, 1200],
      [1000, 1200],
    ],
    [
      [1300, undefined],
      [1300, undefined],
    ],
    [
      [0, 1301.5],
      [1300, undefined],
    ],
  ] as [[number, number?], [number, number?]][]) {
    await set(...given);
    const { notBefore, setAt } = await policyOf(call);
    assert.deepEqual([notBefore, setAt], expected, JSON.stringify(given));
    policies.push(given);
  }
  const later = await startProcess(t, redis);
  const lifted: Revocation = { type: 'not-before', issuer: ISSUER, notBefore: 0, setAt: 1301.5 };
  assert.ok(isSeen(later, lifted), 'that it was lifted is told as well, the last time alone');
  const hash = (await call('HVALS', 'keycloak-guard:not-before')) as unknown as string[];
  assert.equal(hash.length, 2);
  await eventually('every one was told', () => one.seen.length >= policies.length);
});

test('an id can be claimed once, in whichever process', async (t) => {
  const redis = await startRedis(t);
  const [one, other] = [await startProcess(t, redis), await startProcess(t, redis)];
  const until = Date.now() / 1000 + 60;
  assert.equal(await one.store.useOnce('jti-1', until), true);
  assert.equal(await other.store.useOnce('jti-1', until), false);
  assert.equal(await one.store.useOnce('jti-1', until), false);
  await redis.kill();
  assert.equal(
    await other.store.useOnce('jti-2', until),
    true,
    'a logout does not fail because Redis is away',
  );
  assert.equal(await other.store.useOnce('jti-2', until), false);
});

test('a DPoP proof is good once in all replicas, no longer than it has to be known, and never while Redis is away', async (t) => {
  const redis = await startRedis(t);
  const call = await openCommand(t, redis);
  const stores = await Promise.all([1, 2, 3].map(async () => (await startProcess(t, redis)).store));
  const until = Date.now() / 1000 + 40;
  assert.equal(await stores[0]?.useProofOnce('proof-1', until), true);
  for (const store of stores) assert.equal(await store.useProofOnce('proof-1', until), false);
  const ttl = Number(await call('TTL', 'keycloak-guard:proof:proof-1'));
  assert.ok(ttl > 35 && ttl <= 40, String(ttl));
  assert.equal(await stores[0]?.useProofOnce('proof-2', 0), true, 'a clock that is far ahead breaks nothing');
  await redis.kill();
  for (const store of stores) await assert.rejects(store.useProofOnce('proof-3', until));
});

test('a Redis that is full refuses new DPoP proofs, and forgets none', async (t) => {
  const redis = await startRedis(t);
  const call = await openCommand(t, redis);
  const { store } = await startProcess(t, redis);
  const until = Date.now() / 1000 + 60;
  assert.equal(await store.useProofOnce('proof-1', until), true);
  await call('CONFIG', 'SET', 'maxmemory', '1');
  await assert.rejects(store.useProofOnce('proof-2', until));
  await call('CONFIG', 'SET', 'maxmemory', '0');
  assert.equal(await store.useProofOnce('proof-1', until), false);
});

test('what no version of this program wrote is passed over', async (t) => {
  const redis = await startRedis(t);
  const one = await startProcess(t, redis);
  const command = openRedis({ url: redis.url, timeoutMs: 10_000 });
  t.after(() => command.close());
  await eventually('connected', () => command.isReady);
  for (const r of STRANGE) {
    await command.run((client) => client.xAdd('keycloak-guard:revocations', '*', { r }));
    await command.run((client) => client.hSet('keycloak-guard:not-before', r, r));
  }
  await one.store.add(session('s1'));
  await eventually('it has come', () => one.seen.length > 0);
  assert.deepEqual(one.seen, [session('s1')]);
  const later = await startProcess(t, redis);
  await eventually('one that starts hears of it too', () => later.seen.length > 0);
  assert.deepEqual(later.seen, [session('s1')]);
});

/** What anybody may write who can write to this Redis. */
const STRANGE = [
  'nonsense',
  'null',
  '[]',
  '7',
  '{"type":"session"}',
  '{"type":"planet","issuer":"x"}',
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty'].map((type) =>
    JSON.stringify({ type, issuer: ISSUER, sessionId: 's' }),
  ),
  '{"type":["session"],"issuer":"x","sessionId":"s"}',
  '{"type":"session","issuer":"x","sessionId":"s","endedAt":"later"}',
  '{"type":"session","issuer":"x","sessionId":"s","endedAt":null}',
  '{"type":"not-before","issuer":"x","notBefore":1e999}',
  '{"type":"recheck","issuer":"x","issuedUntil":-1e999}',
];

test('what was written by earlier versions is read, without a time of its end as well', async (t) => {
  const redis = await startRedis(t);
  const call = await openCommand(t, redis);
  const old: Revocation[] = [
    session('s1'),
    { type: 'not-before', issuer: ISSUER, notBefore: 1000, setAt: 1001.5 },
    { type: 'not-before', issuer: ISSUER, notBefore: 0, setAt: 1002.5 },
  ];
  for (const one of old) {
    await call('XADD', 'keycloak-guard:revocations', '*', 'r', JSON.stringify(one), 'at', '1000');
  }
  const field = JSON.stringify([ISSUER, null]);
  await call('HSET', 'keycloak-guard:not-before', field, JSON.stringify(old[2]));
  const one = await startProcess(t, redis);
  assert.deepEqual(one.seen, [old[2], ...old]);
});
