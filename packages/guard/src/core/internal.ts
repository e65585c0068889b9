// What the rooms of this package share, and nobody else gets.
export { type Answer, toJsonAnswer } from './answer.ts';
export { createBoundedCache } from './bounded-cache.ts';
export { checkOptions, findOptionProblems, type OptionRule, type OptionRules } from './check-options.ts';
export { readCompactJws } from './compact-jws.ts';
export { KEPT } from './confirmation.ts';
export { authorizationOf, headerOf, type RequestLike } from './credentials.ts';
export { readBody, toJsonObject } from './fetch-json.ts';
export {
  createGate,
  type Gate,
  type GateHost,
  type GuardOptions,
  isForSession,
  isPrincipal,
  isThenable,
  NO_PRINCIPAL,
  type SessionAuthenticator,
} from './gate.ts';
export {
  ADMIN_PUSHES,
  createKeycloakMessages,
  type KeycloakMessages,
  LONGEST_MESSAGE,
  type Told,
} from './keycloak-messages.ts';
export { createStandardErrorLog, type Log } from './log.ts';
export { createNoticeLines } from './notice-lines.ts';
export * as optionRules from './option-rules.ts';
export { VERIFIER_RULES } from './options.ts';
export { toRefusalAnswer } from './refusal-answer.ts';
export { scopesOf } from './requirements.ts';
export type { ChallengedResource } from './resource-challenge.ts';
export { toSafeListener } from './safe-listener.ts';
export { selectByIssuer } from './select-verifier.ts';
