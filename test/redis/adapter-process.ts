// One replica of an app of the adapters' contract, with its sessions in Redis: a process of its own, told what to run by its
// first argument. It says its address, and ends with the one that started it.
import {
  createRedisRevocationStore,
  createRedisSessionStore,
  openRedis,
} from '../../packages/guard/src/redis/index.ts';
import type { Adapter } from '../contract/adapter/adapter.ts';
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

/** Loaded by whoever runs it alone: they take longer to load than to run. */
const ADAPTERS = {
  'express 5': async () => byName((await import('../adapters/express-app.ts')).EXPRESS, 'express 5'),
  'express 4': async () => byName((await import('../adapters/express-app.ts')).EXPRESS, 'express 4'),
  fastify: async () => (await import('../adapters/fastify-app.ts')).FASTIFY,
  fetch: async () => (await import('../adapters/fetch-app.ts')).FETCH,
  hono: async () => (await import('../adapters/hono-app.ts')).HONO,
  koa: async () => (await import('../adapters/koa-app.ts')).KOA,
  'nest 11 on express': async () =>
    byName((await import('../nest/contract-app.ts')).NEST, 'nest 11 on express'),
  'nest 11 on fastify': async () =>
    byName((await import('../nest/contract-app.ts')).NEST, 'nest 11 on fastify'),
  node: async () => byName((await import('../adapters/node-app.ts')).NODE, 'node http'),
} satisfies Record<string, () => Promise<Adapter>>;

export type AdapterName = keyof typeof ADAPTERS;
export const ADAPTER_NAMES = Object.keys(ADAPTERS) as AdapterName[];

function byName(adapters: readonly Adapter[], name: string): Adapter {
  const found = adapters.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
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
