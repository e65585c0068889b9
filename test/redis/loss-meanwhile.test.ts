import { type TestContext, test } from 'node:test';
import type { Revocation } from '../../packages/guard/src/core/index.ts';
import {
  createRedisRevocationStore,
  openRedis,
  type RedisConnection,
} from '../../packages/guard/src/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis, type TestRedis } from '../support/redis-server.ts';

const TIMEOUT_MS = 3_000;
const session = (sessionId: string): Revocation => ({
  ...{ type: 'session', issuer: 'https://sso.example.com/realms/testing', sessionId },
});

/** A connection of the test's own. */
async function openCommand(t: TestContext, redis: TestRedis) {
  const command = openRedis({ url: redis.url, timeoutMs: 10_000 });
  t.after(() => command.close());
  await eventually('connected', () => command.isReady);
  return (...args: string[]) => command.run((client) => client.sendCommand(args));
}

test('a revocation is written again after a loss of data, though what reads the stream was away when it was added', async (t) => {
  const redis = await startRedis(t);
  const connection = openRedis({ url: redis.url, timeoutMs: TIMEOUT_MS });
  let isAway = false;
  const duplicate = (): RedisConnection => {
    const reader = connection.duplicate();
    const run: RedisConnection['run'] = (...args) =>
      isAway ? Promise.reject(new Error('away')) : reader.run(...args);
    return Object.create(reader, { run: { value: run } });
  };
  const store = createRedisRevocationStore(Object.create(connection, { duplicate: { value: duplicate } }));
  t.after(() => {
    store.close();
    connection.close();
  });
  await eventually('the store has caught up', () => store.isCaughtUp && connection.isReady);
  const call = await openCommand(t, redis);
  await store.add(session('before'));
  isAway = true;
  // A read that waits for news ends within two seconds.
  await call('CLIENT', 'UNBLOCK', String(await blockedClient(call)));
  await store.add(session('meanwhile'));
  await call('FLUSHALL');
  isAway = false;
  await eventually('it is there again', async () =>
    JSON.stringify(await call('XRANGE', 'keycloak-guard:revocations', '-', '+')).includes('meanwhile'),
  );
});

/** The id of the connection that waits for entries of the stream. */
async function blockedClient(call: (...args: string[]) => Promise<unknown>): Promise<string> {
  let id = '';
  await eventually('it waits', async () => {
    const line = String(await call('CLIENT', 'LIST'))
      .split('\n')
      .find((one) => one.includes('cmd=xread'));
    id = /\bid=(\d+)/.exec(line ?? '')?.[1] ?? '';
    return id !== '';
  });
  return id;
}
