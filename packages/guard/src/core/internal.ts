// For the rooms of this package only.

export { createProofBudget } from './binding/dpop-check.ts';
export { resolveDpopOptions } from './binding/dpop-options.ts';
export { KEPT } from './binding/sender-check.ts';
export * from './credential/create-credential.ts';
export type { Authentication, CredentialKind } from './credential/credential.ts';
export { createHeldToken, type HeldToken } from './credential/own-token.ts';
export * from './gate.ts';
export * from './guards/guards.ts';
export { type Compiled, compile, scopesOf } from './guards/requirements.ts';
export { type Health, type HealthCheck, healthOf } from './health.ts';
export { buildChallenge, readChallenges } from './http/challenge.ts';
export { authorizationOf, DpopCredentials, isForSession, readCredentials } from './http/credentials.ts';
export { toSafeText } from './http/errors.ts';
export {
  type Answer,
  type ChallengedResource,
  FAULT,
  toJsonAnswer,
  toPublic,
  toRefusalAnswer,
} from './http/refusal.ts';
export * from './http/request.ts';
export { readingsOf } from './http/request.ts';
export { readCompactJws, toJsonObject } from './jwt/compact-jws.ts';
export type { KeyFinder } from './jwt/signed-jwt.ts';
export { verifySignedJwt } from './jwt/signed-jwt.ts';
export { type AdminAction, revokeByAdminPush } from './messages/admin-push.ts';
export * from './messages/keycloak-messages.ts';
export { revokeByLogoutToken } from './messages/logout-token.ts';
export type * from './observer.ts';
export * from './options/check-options.ts';
export { isPlainObject } from './options/check-options.ts';
export * as optionRules from './options/option-rules.ts';
export { isServerUrl, mendServerUrl } from './options/option-rules.ts';
export { VERIFIER_RULES } from './options.ts';
export type { Actor, WithParser } from './principal/principal.ts';
export { personOf, personOfClaims } from './principal/principal.ts';
export { actingFor, makerOf, tenantsOf, tokenOf } from './principal/to-principal.ts';
export * from './realm/fetch-json.ts';
export { describeAnswer } from './realm/fetch-json.ts';
export { toRealmUrl } from './realm/issuer.ts';
export * from './realm/observed-fetch.ts';
export { createBreaker } from './realm/outage.ts';
export { createRevocationHub, toSharedIssuer } from './revocation/revocation-hub.ts';
export { createRevocationLog } from './revocation/revocation-log.ts';
export { createMemoryLeases, type Leases } from './revocation/revocation-store.ts';
export { type BoundedCache, createBoundedCache, getOrMake, ofEach } from './runtime/cache.ts';
export * from './runtime/concurrency.ts';
export * from './runtime/concurrency.ts';
export { createCallSlots } from './runtime/concurrency.ts';
export {
  createNoticeLines,
  createStandardErrorLog,
  type Log,
  toOneLine,
  toSafeListener,
  unfailing,
} from './runtime/notice.ts';
export { keepAlive, startBackgroundTimer } from './runtime/platform.ts';
export { selectByIssuer } from './token/select-verifier.ts';
export { ANY_AUDIENCE } from './token/verify.ts';
export { makeVerifier } from './verifier.ts';
export { partsOf, personInTenant, type VerifierParts } from './verifier-parts.ts';
