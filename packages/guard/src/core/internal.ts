// What the rooms of this package share, and nobody else gets.
export { type Answer, toJsonAnswer } from './answer.ts';
export { startBackgroundTimer } from './background-timer.ts';
export { createBoundedCache } from './bounded-cache.ts';
export { createCallSlots } from './call-slots.ts';
export { checkOptions, findOptionProblems, type OptionRule, type OptionRules } from './check-options.ts';
export { readCompactJws } from './compact-jws.ts';
export { KEPT } from './confirmation.ts';
export { authorizationOf, DpopCredentials, readCredentials } from './credentials.ts';
export { type BoundedResponse, fetchBounded, readBody, toJsonObject } from './fetch-json.ts';
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
export { keepAlive } from './keep-alive.ts';
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
export { ANY_AUDIENCE, VERIFIER_RULES } from './options.ts';
export { personOf } from './person.ts';
export { describeAnswer } from './provider-refusal.ts';
export { toRefusalAnswer } from './refusal-answer.ts';
export { headerOf, type RequestLike } from './request.ts';
export { scopesOf } from './requirements.ts';
export type { ChallengedResource } from './resource-challenge.ts';
export { toSafeListener } from './safe-listener.ts';
export { toSafeText } from './safe-text.ts';
export { selectByIssuer } from './select-verifier.ts';
export { verifySignedJwt } from './signed-jwt.ts';
export { tokenOf } from './token-of.ts';
