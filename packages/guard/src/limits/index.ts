export { addressOf, networksOf } from './addresses.ts';
export { createLoginLimits, type LoginLimitOptions, type LoginLimits } from './login-limits.ts';
export { createRateLimit, type RateLimit, type RateLimitOptions, type RateLimitState } from './rate-limit.ts';
export { createMemoryRateLimitStore, type RateLimitHits, type RateLimitStore } from './store.ts';
