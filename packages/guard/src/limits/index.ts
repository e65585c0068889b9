export { addressOf, networksOf } from './addresses.ts';
export { createLoginLimits, type LoginLimits } from './login-limits.ts';
export type { LoginLimitOptions, RateLimitHits, RateLimitStore } from './options.ts';
export {
  createRateLimit,
  type RateLimit,
  type RateLimitOptions,
  type RateLimitState,
} from './rate-limit.ts';
