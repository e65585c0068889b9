import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { openRedis } from '../../packages/guard/src/redis/index.ts';
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
