export { addressOf, networksOf } from './addresses.ts';
export { createLoginLimits, type LoginLimitOptions, type LoginLimits } from './login-limits.ts';
export {
  createMemoryRateLimitStore,
  createRateLimit,
  type RateLimit,
  type RateLimitHits,
  type RateLimitOptions,
  type RateLimitState,
  type RateLimitStore,
} from './rate-limit.ts';
