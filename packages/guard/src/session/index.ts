export type { OnSessionEvent, SessionEvent } from './events.ts';
export type { SessionAnswer } from './http/answer.ts';
export type { SessionRequest } from './http/request.ts';
export type { SessionPrincipal } from './login/authenticator.ts';
export {
  type AuthorizationParameters,
  type AuthorizationParametersOf,
  isStrongSecret,
  type SessionOptions,
} from './options.ts';
export {
  createMemorySessionStore,
  type MemorySessionStoreOptions,
  type SessionGroup,
  type SessionStore,
} from './record/store.ts';
export { createSessions, type Refusal, type Sessions, type SessionsOptions } from './sessions.ts';
