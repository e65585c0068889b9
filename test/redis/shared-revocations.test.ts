import { createRedisRevocationStore, openRedis } from '../../packages/guard/src/redis/index.ts';
import { leasesContract, revocationStoreContract } from '../contract/revocation-store-contract.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';

for (const contract of [revocationStoreContract, leasesContract]) {
  contract('redis', async (t) => {
    const redis = await startRedis(t);
    return async () => {
      // Thousands of commands at once, on a machine that may have other things to do.
      const connection = openRedis({ url: redis.url, timeoutMs: 10_000 });
      const store = createRedisRevocationStore(connection);
      t.after(() => {
        store.close();
        connection.close();
      });
      await eventually('the store has caught up', () => store.isCaughtUp && connection.isReady);
      return store;
    };
  });
}
