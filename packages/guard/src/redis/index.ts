export {
  openRedis,
  type RedisClient,
  type RedisConnection,
  type RedisNotice,
  type RedisOptions,
  RedisUnavailable,
} from './connection.ts';
export { createRedisRateLimitStore } from './rate-limit-store.ts';
export {
  createRedisRevocationStore,
  type RedisRevocationStore,
  type RedisRevocationStoreOptions,
} from './revocation-store.ts';
export { createRedisSessionStore } from './session-store.ts';
