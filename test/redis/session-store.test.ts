import { createRedisSessionStore, openRedis } from '../../packages/guard/src/redis/index.ts';
import { sessionStoreContract } from '../session/session-store-contract.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';

sessionStoreContract('redis', async (t) => {
  const redis = await startRedis(t);
  const connections = [openRedis({ url: redis.url, timeoutMs: 10_000 }), openRedis({ url: redis.url })];
  t.after(() => {
    for (const connection of connections) connection.close();
  });
  await eventually('Redis is there', async () => connections.every(({ isReady }) => isReady));
  let count = 0;
  return () => createRedisSessionStore(connections[count++ % 2]!);
});
