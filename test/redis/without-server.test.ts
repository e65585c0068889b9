// What is asked of Redis, and made of its answers, with a connection in memory.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { RedisUnavailable } from '../../packages/guard/src/redis/connection.ts';
import { createRedisSessionStore } from '../../packages/guard/src/redis/session-store.ts';
import { followStream } from '../../packages/guard/src/redis/stream-reader.ts';
import { stopTimers } from '../support/passing-time.ts';
import { settle } from '../support/refusal.ts';
import { createConnection, createStreamServer } from './memory-connection.ts';

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

describe('the stream of revocations', () => {
  function follow(t: TestContext, prepare?: (redis: ReturnType<typeof createStreamServer>['redis']) => void) {
    stopTimers(t, ['setTimeout', 'setInterval', 'Date']);
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
