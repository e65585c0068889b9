// One replica of an app of the adapters' contract, with its sessions in Redis: a process of its own, told what to run by its
// first argument. It says its address, and ends with the one that started it.
import {
  createRedisRevocationStore,
  createRedisSessionStore,
  openRedis,
} from '../../packages/guard/src/redis/index.ts';
import { ADAPTERS, type AdapterName } from '../adapters/all.ts';
import { eventually } from '../support/eventually.ts';

export interface Replica {
  /** A key of `ADAPTERS`. */
  readonly name: AdapterName;
  readonly redisUrl: string;
  readonly serverUrl: string;
  readonly clientSecret: string;
  /** By which clients call every replica; tokens that are bound to a key are taken then. */
  readonly publicUrl?: string;
}

async function run({ name, redisUrl, serverUrl, clientSecret, publicUrl }: Replica): Promise<void> {
  process.once('disconnect', () => process.exit());
  // The tests are about what replicas share, not about how fast a busy machine is.
  const redis = openRedis({ url: redisUrl, timeoutMs: 10_000 });
  await eventually('Redis is there', () => redis.isReady);
  const revocationStore = createRedisRevocationStore(redis);
  const { url } = await (await ADAPTERS[name]()).start({
    keycloak: {
      serverUrl,
      realm: 'testing',
      clientId: 'fastapi-keycloak',
      clientSecret,
      revocationStore,
      onNotice: false,
      ...(publicUrl === undefined ? {} : { dpop: 'accepted', publicUrl }),
    },
    session: { secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826', store: createRedisSessionStore(redis) },
  });
  process.send?.(url);
}

if (process.send !== undefined && process.argv[2] !== undefined) await run(JSON.parse(process.argv[2]));
