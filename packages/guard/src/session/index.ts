export { createMemorySessionStore, type MemorySessionStoreOptions } from './memory-session-store.ts';
export { isStrongSecret, type SessionOptions } from './options.ts';
export { keycloakSession, keycloakSession as default } from './plugin.ts';
export { createRedisSessionStore, type RedisSessionStoreOptions } from './redis-session-store.ts';
export type { OnSessionEvent, SessionEvent } from './session-events.ts';
export type { SessionGroup, SessionStore } from './session-store.ts';
