// What the rooms of this package share, and nobody else gets.
export { resolveSessionOptions } from './options.ts';
export { assertSameOrigin, isHarmless } from './same-origin.ts';
export { buildSessions } from './sessions.ts';
