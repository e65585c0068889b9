import { before, type TestContext } from 'node:test';
import {
  createRedisRevocationStore,
  createRedisSessionStore,
  openRedis,
} from '../../packages/guard/src/redis/index.ts';
import { describeEndings, ROWS } from '../endings/table.ts';
import { startRedis } from '../support/redis-server.ts';

let url = '';
before(async (t) => {
  ({ url } = await startRedis(t as TestContext));
});

// Those that one of the processes learns of alone. What each learns of by itself does not go by Redis.
const shared = ROWS.filter(({ by }) => /^(its message|itself|the push|the application)/.test(by));
describeEndings('two processes that share in Redis', shared, (t) => {
  const redis = openRedis({ url, onNotice: () => {} });
  const revocationStore = createRedisRevocationStore(redis);
  t.after(() => {
    revocationStore.close();
    redis.close();
  });
  return { revocationStore, store: createRedisSessionStore(redis) };
});
