// What is asked of Redis, and made of its answers, with a connection in memory.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Revocation } from '../../packages/guard/src/core/index.ts';
import { type RedisConnection, RedisUnavailable } from '../../packages/guard/src/redis/connection.ts';
import { createRedisRevocationStore } from '../../packages/guard/src/redis/revocation-store.ts';
import { createRedisSessionStore } from '../../packages/guard/src/redis/session-store.ts';
import { followStream } from '../../packages/guard/src/redis/stream-reader.ts';
import { settle } from '../support/refusal.ts';

const HUNG = new Error('it hangs');

type Call = readonly [name: string, ...args: unknown[]];

/** A connection whose commands are answered by a function. */
function createConnection(answer: (...call: Call) => unknown) {
  const calls: Call[] = [];
  const listeners = new Set<() => void>();
  const limits = new Set<number>();
  const client = new Proxy(
    {},
    {
      get:
        (_, name) =>
        async (...args: unknown[]) => {
          calls.push([String(name), ...args]);
          return answer(String(name), ...args);
        },
    },
  );
  const state = { isReady: true, isWritable: undefined as boolean | undefined, closed: 0 };
  const connection: RedisConnection & { calls: Call[]; become(isReady: boolean): void } = {
    keyPrefix: 'p',
    calls,
    get isReady() {
      return state.isReady;
    },
    run: async (command, timeoutMs) => {
      if (timeoutMs !== undefined) limits.add(timeoutMs);
      if (!state.isReady) throw new RedisUnavailable('away');
      try {
        return await command(client as never);
      } catch (error) {
        if (error === HUNG) throw new RedisUnavailable('did not answer in time');
        throw new RedisUnavailable('refused', { cause: error });
      }
    },
    onReady(listener) {
      listeners.add(listener);
      if (state.isReady) listener();
      return () => listeners.delete(listener);
    },
    duplicate: () => connection,
    close: () => void state.closed++,
    become(isReady) {
      state.isReady = isReady;
      if (isReady) for (const one of listeners) one();
    },
  };
  return { connection, calls, state, listeners, limits };
}

test('a session is a key that expires, and whoever has its lock is asked for by name', async () => {
  const answers: Record<string, unknown> = { get: 'value', set: 'OK', eval: 2, pTTL: 5, pExpire: 1, del: 1 };
  const { connection, calls } = createConnection((name) => answers[name]);
  const store = createRedisSessionStore(connection);
  const asked = async <T>(act: () => Promise<T>) => {
    calls.length = 0;
    return [await act(), ...calls] as const;
  };
  assert.deepEqual(await asked(() => store.get('k')), ['value', ['get', 'p:session:k']]);
  const expiration = { type: 'PX', value: 11 };
  assert.deepEqual(await asked(() => store.create('k', 'v', 10.2)), [
    0,
    ['set', 'p:session:k', 'v', { expiration }],
  ]);
  const [ended, [, script, given] = []] = await asked(() =>
    store.create('k', 'v', 10.2, { key: 'g', ttlMs: 20.5, most: 3 }),
  );
  assert.deepEqual(
    [ended, given],
    [2, { keys: ['p:session:k', 'p:session-group:g'], arguments: ['v', '11', '21', '3'] }],
  );
  assert.match(String(script), /LRANGE/);
  assert.deepEqual(await asked(() => store.replace('k', 'v')), [
    true,
    ['set', 'p:session:k', 'v', { condition: 'XX', expiration: 'KEEPTTL' }],
  ]);
  assert.deepEqual(await asked(() => store.touch('k', 10.2)), [undefined, ['pExpire', 'p:session:k', 11]]);
  assert.deepEqual(await asked(() => store.delete('k')), [undefined, ['del', 'p:session:k']]);
  for (const [left, remaining] of [
    [5, 5],
    [0, 0],
    [-1, null],
    [-2, null],
  ] as const) {
    answers.pTTL = left;
    assert.deepEqual(await asked(() => store.remaining('k')), [remaining, ['pTTL', 'p:session:k']]);
  }
  const [unlock, [, key, mine, how] = []] = await asked(() => store.lock('k', 10.2));
  assert.deepEqual([key, how], ['p:session-lock:k', { condition: 'NX', expiration }]);
  const [, [name, , released] = []] = await asked(unlock as never);
  assert.deepEqual([name, released], ['eval', { keys: ['p:session-lock:k'], arguments: [mine] }]);
  connection.become(false);
  await (unlock as () => Promise<void>)();
  await assert.rejects(store.get('k'), RedisUnavailable);
  for (const act of [() => store.create('k', 'v', 1), () => store.touch('k', 1), () => store.delete('k')])
    await assert.rejects(act(), RedisUnavailable);
  connection.become(true);
  answers.set = null;
  assert.equal(await store.replace('k', 'v'), false);
  assert.equal(await store.lock('k', 1), null);
  await store.close();
});

const ISSUER = 'https://sso.example.com/realms/testing';
const session = (sessionId: string): Revocation => ({ type: 'session', issuer: ISSUER, sessionId });

/** A Redis that has a stream. */
function createStreamServer() {
  const stream: { id: string; message: Record<string, string> }[] = [];
  const redis = {
    mark: undefined as string | undefined,
    policies: [] as string[],
    appended: [] as string[],
    refuses: new Set<string>(),
    hangs: new Set<string>(),
    reads: 0,
    put(text: string, at = '0') {
      stream.push({ id: `${stream.length + 1}-0`, message: { r: text, at } });
    },
    lose() {
      stream.length = 0;
      redis.mark = undefined;
    },
    stream,
  };
  let wake = () => {};
  const answer = (name: string, ...args: never[]): unknown => {
    if (redis.hangs.has(name)) throw HUNG;
    if (redis.refuses.has(name)) throw new Error(`WRONGTYPE ${name}`);
    const [key, value] = args as unknown as [unknown, unknown];
    switch (name) {
      case 'set':
        if (String(key).endsWith(':mark')) redis.mark ??= String(value);
        return 'OK';
      case 'get':
        return redis.mark ?? null;
      case 'hVals':
        return redis.policies;
      case 'xRange':
        return stream.filter(({ id }) => id === value);
      case 'eval': {
        const { arguments: [text = '', at] = [] } = value as { arguments: string[] };
        redis.appended.push(text);
        redis.mark ??= 'new';
        redis.put(text, at);
        wake();
        return '1-0';
      }
      case 'xRead': {
        redis.reads++;
        const from = stream.findIndex(({ id }) => id === (key as { id: string }).id) + 1;
        const { COUNT, BLOCK } = value as { COUNT: number; BLOCK?: number };
        const messages = stream.slice(from, from + COUNT);
        if (messages.length > 0) return [{ messages }];
        if (BLOCK === undefined) return null;
        return new Promise((resolve) => {
          wake = () => resolve(null);
        });
      }
      default:
        throw new Error(name);
    }
  };
  return { redis, answer, wake: () => wake() };
}

describe('the stream of revocations', () => {
  function follow(t: TestContext, prepare?: (redis: ReturnType<typeof createStreamServer>['redis']) => void) {
    t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
    let now = 1_000;
    t.mock.method(performance, 'now', () => now);
    const server = createStreamServer();
    prepare?.(server.redis);
    const { connection, ...more } = createConnection(server.answer as never);
    const seen: string[] = [];
    const keys = { stream: 'p:revocations', notBefore: 'p:not-before', mark: 'p:mark' };
    const stream = followStream(connection, keys, {
      onRevocation: (text) => void seen.push(text),
      onLoss: () => void seen.push('loss'),
    });
    t.after(() => stream.close());
    const later = async (ms: number) => {
      now += ms;
      t.mock.timers.tick(ms);
      server.wake();
      await settle();
    };
    return { ...server, ...more, stream, connection, seen, later };
  }

  test('is read to its end in batches, after what stays in force, and then waited for', async (t) => {
    const { stream, seen, calls, limits } = follow(t, ({ put, policies }) => {
      policies.push('policy');
      for (let count = 0; count < 1_000; count++) put(String(count));
      put('last');
    });
    assert.equal(stream.isCaughtUp, false);
    await settle();
    assert.equal(stream.isCaughtUp, true);
    assert.deepEqual([seen[0], seen[1], seen.at(-1), seen.length], ['policy', '0', 'last', 1_002]);
    const reads = calls
      .filter(([name]) => name === 'xRead')
      .map(([, from, how]) => [(from as { id: string }).id, how]);
    assert.deepEqual(reads, [
      ['0-0', { COUNT: 1_000 }],
      ['1000-0', { COUNT: 1_000 }],
      ['1001-0', { COUNT: 1_000, BLOCK: 2_000 }],
    ]);
    assert.equal(stream.lagSeconds, 0, 'what was there before came late for nobody');
    assert.deepEqual([...limits], [4_000], 'longer than a read waits');
  });

  test('tells how late what is new comes', async (t) => {
    const { stream, redis, later, seen } = follow(t);
    await settle();
    redis.put('new', String(Date.now() - 3_000));
    await later(0);
    assert.deepEqual([seen, stream.lagSeconds], [['new'], 3]);
    redis.put('odd', 'no number');
    await later(0);
    assert.equal(stream.lagSeconds, 3);
    redis.put('ahead', String(Date.now() + 3_000));
    await later(0);
    assert.deepEqual([seen.length, stream.lagSeconds], [3, 0]);
  });

  test('is read again from its start where Redis lost it, which is looked at every two seconds', async (t) => {
    const { stream, redis, later, seen, calls } = follow(t, ({ put }) => put('first'));
    await settle();
    const looks = () => calls.filter(([name]) => name === 'xRange').length;
    const before = looks();
    await later(1_999);
    assert.equal(looks(), before);
    await later(1);
    assert.equal(looks(), before + 1);
    assert.deepEqual(seen, ['first']);
    redis.lose();
    redis.put('other');
    await later(2_000);
    assert.deepEqual(seen, ['first', 'loss', 'other']);
    assert.equal(stream.isRereading, false);
    // Another mark, though the entry is there.
    redis.mark = 'of another server';
    await later(2_000);
    assert.deepEqual(seen.slice(3), ['loss', 'other']);
  });

  test('goes on where Redis refuses a key, and after an outage, without a pause of its own', async (t) => {
    const { redis, later, seen, connection, calls, listeners, stream, state } = follow(
      t,
      ({ put, refuses }) => {
        for (const name of ['hVals', 'get', 'set']) refuses.add(name);
        put('first');
      },
    );
    await settle();
    assert.deepEqual(seen, ['first']);
    redis.refuses.add('xRead');
    await later(0);
    const count = calls.length;
    await later(99);
    assert.equal(calls.length, count);
    redis.refuses.clear();
    redis.put('second');
    await later(1);
    assert.equal(seen.at(-1), 'second');
    connection.become(false);
    await later(0);
    redis.put('third');
    await later(5_000);
    assert.equal(seen.at(-1), 'second');
    connection.become(true);
    await later(0);
    assert.equal(seen.at(-1), 'third');
    connection.become(true);
    await settle();
    stream.close();
    assert.deepEqual([listeners.size, state.closed], [0, 1]);
    redis.refuses.add('xRead');
    await later(0);
    const atEnd = calls.length;
    await later(5_000);
    assert.equal(calls.length, atEnd);
  });

  test('is not read while Redis hangs, and tried again a moment later', async (t) => {
    for (const name of ['set', 'get', 'hVals', 'xRange', 'xRead']) {
      t.mock.timers.reset();
      t.mock.restoreAll();
      const { redis, later, seen, stream } = follow(t, ({ put, hangs }) => {
        put('first');
        if (name !== 'xRange') hangs.add(name);
      });
      await settle();
      if (name === 'xRange') {
        redis.hangs.add(name);
        redis.put('second');
        await later(2_000);
        seen.length = 0;
      }
      assert.deepEqual([seen, stream.isCaughtUp], [[], name === 'xRange'], name);
      redis.hangs.clear();
      redis.put('third');
      await later(99);
      assert.deepEqual(seen, []);
      await later(1);
      assert.equal(seen.at(-1), 'third', name);
      stream.close();
    }
  });
});

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
