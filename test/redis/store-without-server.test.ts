// A store of revocations in Redis, with a connection in memory.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Revocation } from '../../packages/guard/src/core/index.ts';
import { RedisUnavailable } from '../../packages/guard/src/redis/connection.ts';
import { createRedisRevocationStore } from '../../packages/guard/src/redis/revocation-store.ts';
import { settle } from '../support/refusal.ts';
import { createConnection, createStreamServer } from './memory-connection.ts';

const ISSUER = 'https://sso.example.com/realms/testing';
const session = (sessionId: string): Revocation => ({ type: 'session', issuer: ISSUER, sessionId });

describe('a store of revocations', () => {
  function open(t: TestContext) {
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
    const server = createStreamServer();
    const { connection, calls, state, listeners } = createConnection(server.answer as never);
    const store = createRedisRevocationStore(connection, { rememberSeconds: 60 });
    t.after(() => store.close());
    const later = async (ms: number) => {
      t.mock.timers.tick(ms);
      server.wake();
      await settle();
    };
    return { ...server, store, connection, calls, state, listeners, later };
  }

  test('shares what is added, by everybody’s rules', async (t) => {
    const { store, calls, redis } = open(t);
    const heard: Revocation[] = [];
    const stop = store.subscribe?.((one) => void heard.push(one));
    await settle();
    assert.equal(await store.add(session('a')), undefined);
    await settle();
    const [, , given] = calls.find(([name]) => name === 'eval') as [
      string,
      string,
      { keys: string[]; arguments: string[] },
    ];
    assert.deepEqual(given.keys, ['p:revocations', 'p:not-before', 'p:mark']);
    assert.deepEqual(given.arguments.slice(0, 4), [
      JSON.stringify(session('a')),
      String(Date.now()),
      '60000',
      '',
    ]);
    assert.deepEqual(heard, [session('a')]);
    assert.deepEqual(
      [store.waiting, store.isConnected, store.isCaughtUp, store.rememberSeconds],
      [0, true, true, 60],
    );
    await assert.rejects(
      store.add({ type: 'session' } as never),
      /^TypeError: The revocation is incomplete or malformed$/,
    );
    stop?.();
    redis.put(JSON.stringify(session('b')));
    const late: Revocation[] = [];
    store.subscribe?.((one) => void late.push(one));
    assert.deepEqual(late, [session('a')]);
  });

  test('keeps what Redis refused, tells it here, and tries again each second', async (t) => {
    const { store, redis, later, calls } = open(t);
    const heard: Revocation[] = [];
    store.subscribe?.((one) => void heard.push(one));
    await settle();
    redis.refuses.add('eval');
    for (let count = 0; count < 12; count++)
      await assert.rejects(store.add(session(String(count))), RedisUnavailable);
    assert.deepEqual([store.waiting, heard.length], [12, 12]);
    const tries = () => calls.filter(([name]) => name === 'eval').length;
    const before = tries();
    await later(999);
    assert.equal(tries(), before);
    await later(1);
    assert.equal(tries(), before + 10, 'the rest is tried later');
    redis.refuses.clear();
    await later(1_000);
    assert.equal(store.waiting, 0);
    // Those that were not tried come first.
    assert.deepEqual(
      redis.appended.slice(0, 3),
      ['10', '11', '0'].map((one) => JSON.stringify(session(one))),
    );
  });

  test('sends what waits as soon as Redis is there again', async (t) => {
    const { store, connection, redis, later, state } = open(t);
    await settle();
    connection.become(false);
    assert.equal(store.isConnected, false);
    await assert.rejects(store.add(session('a')), RedisUnavailable);
    await later(5_000);
    assert.equal(store.waiting, 1);
    connection.become(true);
    await later(0);
    assert.deepEqual([store.waiting, redis.appended.length], [0, 1]);
    store.close();
    state.isReady = true;
    Object.defineProperty(connection, 'isWritable', { value: false });
    assert.equal(store.isConnected, false);
  });

  test('writes again what it knows where Redis lost its data, and not what Redis still has', async (t) => {
    const { store, redis, later } = open(t);
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    await settle();
    for (const id of ['a', 'b']) await store.add(session(id));
    await later(0);
    // What reads the stream is away.
    redis.hangs.add('xRead');
    await store.add(session('c'));
    await later(0);
    redis.appended.length = 0;
    redis.lose();
    redis.hangs.clear();
    redis.put(JSON.stringify(session('b')));
    now += 10_000;
    await later(0);
    await later(1_000);
    await later(1_000);
    assert.deepEqual(
      redis.appended,
      ['a', 'c'].map((one) => JSON.stringify(session(one))),
    );
  });

  test('sends each once, and none after its end', async (t) => {
    const { store, connection, redis, calls, later, listeners } = open(t);
    await settle();
    redis.refuses.add('eval');
    await assert.rejects(store.add(session('a')), RedisUnavailable);
    redis.refuses.clear();
    const tries = () => calls.filter(([name]) => name === 'eval').length;
    const before = tries();
    for (let count = 0; count < 3; count++) connection.become(true);
    assert.equal(tries(), before + 1);
    await settle();
    redis.refuses.add('eval');
    await assert.rejects(store.add(session('b')), RedisUnavailable);
    store.close();
    redis.refuses.clear();
    const atEnd = tries();
    await later(5_000);
    assert.deepEqual([tries(), listeners.size], [atEnd, 0]);
  });

  test('is kept for a second at least, and for a year at most', () => {
    const { connection } = createConnection(() => null);
    connection.become(false);
    const of = (rememberSeconds: number) =>
      createRedisRevocationStore(connection, { rememberSeconds }).close();
    for (const good of [1, 31_536_000]) of(good);
    for (const wrong of [0, 31_536_001, 1.5]) assert.throws(() => of(wrong), /rememberSeconds/);
  });

  test('waits until it has caught up, and no longer than it was told', async () => {
    const server = createStreamServer();
    const { connection } = createConnection(server.answer as never);
    const store = createRedisRevocationStore(connection);
    await store.whenCaughtUp?.(5_000);
    assert.equal(store.isCaughtUp, true);
    assert.equal(store.rememberSeconds, 86_400);
    store.close();
    const away = createConnection(server.answer as never);
    away.state.isReady = false;
    const other = createRedisRevocationStore(away.connection);
    const began = performance.now();
    await other.whenCaughtUp?.(30);
    assert.ok(performance.now() - began >= 29);
    other.close();
  });

  test('claims an id for all processes, for as long as it is good, within bounds', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_000_500 });
    const answers: unknown[] = [];
    const { connection, calls, state } = createConnection((name) => {
      if (name !== 'set') return null;
      const answer = answers.shift();
      if (answer === 'refused') throw new Error('OOM full');
      return answer === undefined ? 'OK' : answer;
    });
    state.isReady = false;
    const store = createRedisRevocationStore(connection);
    t.after(() => store.close());
    const quiet = connection.duplicate;
    assert.ok(quiet);
    state.isReady = true;
    const claim = async (how: 'useOnce' | 'useProofOnce', id: string, seconds: number, answer?: unknown) => {
      calls.length = 0;
      answers.splice(0, answers.length, answer);
      const isFirst = await store[how](id, 1_000.5 + seconds);
      const { expiration, condition } = (calls[0]?.[3] ?? {}) as {
        expiration?: { value: number };
        condition?: string;
      };
      return [isFirst, calls[0]?.[1], condition, expiration?.value];
    };
    assert.deepEqual(await claim('useOnce', 'a', 3_600.2), [true, 'p:claim:a', 'NX', 3_601]);
    assert.deepEqual(
      await claim('useOnce', 'a', 3_600),
      [false, undefined, undefined, undefined],
      'this process knows it',
    );
    assert.deepEqual(await claim('useOnce', 'b', 10), [true, 'p:claim:b', 'NX', 600]);
    assert.deepEqual(await claim('useOnce', 'c', 100_000), [true, 'p:claim:c', 'NX', 86_400]);
    assert.deepEqual((await claim('useOnce', 'd', 3_600, null))[0], false, 'another process had it');
    assert.deepEqual(
      (await claim('useOnce', 'e', 3_600, 'refused'))[0],
      true,
      'a logout does not fail with Redis',
    );
    assert.deepEqual(await claim('useProofOnce', 'a', 30), [true, 'p:proof:a', 'NX', 30]);
    assert.deepEqual(await claim('useProofOnce', 'b', -5), [true, 'p:proof:b', 'NX', 1]);
    assert.deepEqual((await claim('useProofOnce', 'c', 30, null))[0], false);
    await assert.rejects(claim('useProofOnce', 'd', 30, 'refused'), RedisUnavailable);
  });

  test('lends the lease of a topic to one process', async (t) => {
    let answer: unknown = 1;
    const { connection, calls, state } = createConnection((name) =>
      name === 'eval' ? answer : name === 'get' ? 'kept' : null,
    );
    state.isReady = false;
    const { leases, ...store } = createRedisRevocationStore(connection);
    t.after(() => store.close());
    state.isReady = true;
    assert.equal(await leases?.take('t', 'me', 10), 'kept');
    assert.equal(await leases?.save('t', 'me', 'new'), true);
    await leases?.leave('t', 'me');
    assert.deepEqual(
      calls.map(([name, first, given]) => (name === 'eval' ? given : [name, first])),
      [
        { keys: ['p:lease:t'], arguments: ['me', '10'] },
        ['get', 'p:value:t'],
        { keys: ['p:lease:t', 'p:value:t'], arguments: ['me', 'new'] },
        { keys: ['p:lease:t'], arguments: ['me'] },
      ],
    );
    connection.become(false);
    await assert.rejects(async () => leases?.leave('t', 'me'), RedisUnavailable);
    state.isReady = true;
    answer = 0;
    assert.equal(await leases?.take('t', 'me', 10), undefined);
    assert.equal(await leases?.save('t', 'me', 'new'), false);
  });
});
