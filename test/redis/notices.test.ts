import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import {
  createRedisRevocationStore,
  openRedis,
  type RedisNotice,
} from '../../packages/guard/src/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';

for (const [how, fails] of [
  ['throws', () => assert.fail('the log is full')],
  ['rejects', () => Promise.reject(new Error('the log is full'))],
  [
    'rejects by a promise of another realm of code',
    () => runInNewContext("Promise.reject(new Error('full'))"),
  ],
] as const) {
  test(`a listener that ${how} ends neither the process nor the tries to connect`, async (t) => {
    const redis = await startRedis(t);
    const codes: string[] = [];
    const connection = openRedis({
      url: redis.url,
      timeoutMs: 10_000,
      onNotice: ({ code }) => {
        codes.push(code);
        return fails();
      },
    });
    t.after(() => connection.close());
    await eventually('it is there', () => connection.isReady);
    await redis.kill();
    await eventually('it is lost', () => codes.length === 1);
    await redis.start();
    await eventually('it is back', () => connection.isReady);
    assert.deepEqual(codes, ['redis_lost', 'redis_back']);
  });
}

test('each time that Redis refuses writes is told with a mend, and so is its end; meanwhile it is not ok', async (t) => {
  const redis = await startRedis(t);
  const told: RedisNotice[] = [];
  const connection = openRedis({
    url: redis.url,
    timeoutMs: 10_000,
    onNotice: (notice) => told.push(notice),
  });
  const store = createRedisRevocationStore(connection);
  const admin = openRedis({ url: redis.url, onNotice: false });
  t.after(() => [store, connection, admin].map((one) => one.close()));
  await eventually('all are there', () => admin.isReady && store.isConnected && store.isCaughtUp);
  for (const round of [1, 2]) {
    await admin.run((client) => client.configSet('maxmemory', '1'));
    await eventually('the refusal is told', () => told.length === 2 * round - 1);
    assert.deepEqual([store.isConnected, connection.isReady], [false, true]);
    assert.match(told.at(-1)?.fix ?? '', /maxmemory/);
    await admin.run((client) => client.configSet('maxmemory', '0'));
    await eventually('its end is told', () => told.length === 2 * round);
    assert.equal(store.isConnected, true);
  }
  assert.deepEqual(
    told.map(({ code }) => code),
    ['redis_refused', 'redis_back', 'redis_refused', 'redis_back'],
  );
});
