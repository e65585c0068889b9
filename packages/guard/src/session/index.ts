export type { SessionAnswer } from './answer.ts';
export type { SessionPrincipal } from './authenticator.ts';
export type { AuthorizationParameters, AuthorizationParametersOf } from './authorization-parameters.ts';
export { createMemorySessionStore, type MemorySessionStoreOptions } from './memory-session-store.ts';
export { isStrongSecret, type SessionOptions } from './options.ts';
export type { SessionRequest } from './request.ts';
export type { OnSessionEvent, SessionEvent } from './session-events.ts';
export type { SessionGroup, SessionStore } from './session-store.ts';
export { createSessions, type Sessions, type SessionsOptions } from './sessions.ts';
