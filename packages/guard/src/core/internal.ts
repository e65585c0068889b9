// What the rooms of this package share, and nobody else gets.

export { KEPT } from './binding/confirmation.ts';
export {
  CREDENTIAL_RULES,
  type GivenCredential,
  toCredential,
} from './credential/create-credential.ts';
export type { Authentication, CredentialKind } from './credential/credential.ts';
export { createHeldToken, type HeldToken } from './credential/held-token.ts';
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
  allOf,
  anyOf,
  requireAudience,
  requireClientRole,
  requireGroup,
  requireGroupTree,
  requireIssuer,
  requireOrganization,
  requireRealmRole,
  requireScope,
  requireThat,
} from './guards/guards.ts';
export { scopesOf } from './guards/requirements.ts';
export { type Answer, toJsonAnswer } from './http/answer.ts';
export { buildChallenge, readChallenges } from './http/challenge.ts';
export { authorizationOf, DpopCredentials, readCredentials } from './http/credentials.ts';
export { toRefusalAnswer } from './http/refusal-answer.ts';
export { headerOf, type RequestLike, type SocketLike } from './http/request.ts';
export type { ChallengedResource } from './http/resource-challenge.ts';
export { toSafeText } from './http/safe-text.ts';
export { readCompactJws } from './jwt/compact-jws.ts';
export { toJsonObject } from './jwt/json.ts';
export type { KeyFinder } from './jwt/key-finder.ts';
export { verifySignedJwt } from './jwt/signed-jwt.ts';
export { type AdminAction, revokeByAdminPush } from './messages/admin-push.ts';
export {
  ADMIN_PUSHES,
  createKeycloakMessages,
  type KeycloakMessages,
  LONGEST_MESSAGE,
  type Told,
} from './messages/keycloak-messages.ts';
export { revokeByLogoutToken } from './messages/logout-token.ts';
export {
  checkOptions,
  type Filled,
  fillOptions,
  findOptionProblems,
  type OptionRule,
  type OptionRules,
} from './options/check-options.ts';
export * as optionRules from './options/option-rules.ts';
export { isPlainObject } from './options/plain-object.ts';
export { isServerUrl, mendServerUrl } from './options/server-url.ts';
export { VERIFIER_RULES } from './options.ts';
export type { WithParser } from './principal/claims.ts';
export { personOf, personOfClaims } from './principal/person.ts';
export { tokenOf } from './principal/token-of.ts';
export { createBreaker } from './realm/breaker.ts';
export { createCallSlots } from './realm/call-slots.ts';
export {
  type BoundedResponse,
  fetchBounded,
  readBody,
  silenceOf,
  silenceOfAnswer,
} from './realm/fetch-json.ts';
export { describeAnswer } from './realm/provider-refusal.ts';
export { createRevocationLog } from './revocation/revocation-log.ts';
export { startBackgroundTimer } from './runtime/background-timer.ts';
export { createBoundedCache } from './runtime/bounded-cache.ts';
export { keepAlive } from './runtime/keep-alive.ts';
export { createStandardErrorLog, type Log } from './runtime/log.ts';
export { createNoticeLines } from './runtime/notice-lines.ts';
export { toSafeListener } from './runtime/safe-listener.ts';
export { selectByIssuer } from './token/select-verifier.ts';
export { ANY_AUDIENCE } from './token/token-options.ts';
export { partsOf, type VerifierParts } from './verifier-parts.ts';
