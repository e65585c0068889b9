// What the rooms of this package share, and nobody else gets.
export { createBoundedCache } from './bounded-cache.ts';
export { readCompactJws } from './compact-jws.ts';
export { toSafeListener } from './safe-listener.ts';
