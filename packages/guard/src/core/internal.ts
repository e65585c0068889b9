// For the rooms of this package only.

export { createBudget } from './binding/dpop-check.ts';
export { KEPT } from './binding/sender-check.ts';
export { type CredentialKind, isCredential } from './credential/credential.ts';
export { CREDENTIAL_RULES, toCredential } from './credential/make-credential.ts';
export { createOwnToken, type OwnToken } from './credential/own-token.ts';
export { GUARDS_OF_LISTS } from './guards/guards.ts';
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
export {
  hasSeveralHosts,
  headerOf,
  isOrigin,
  parameterIn,
  type RequestLike,
  readingsOf,
  receivedHeaderOf,
  type SocketLike,
  targetOf,
  toWrittenOrigin,
  withoutEndSlashes,
} from './http/request.ts';
export { readCompactJws, toJsonObject } from './jwt/compact-jws.ts';
export { isId, type KeyFinder, verifySignedJwt } from './jwt/signed-jwt.ts';
export { answerBackchannelLogout, type KeycloakMessage } from './messages/backchannel-logout.ts';
export type { EventSource, ObservedVerifier, Observer, SecurityEvent } from './observer.ts';
export {
  checkOptions,
  type Filled,
  fillOptions,
  findOptionProblems,
  isPlainObject,
  type OptionRule,
  type OptionRules,
} from './options/check-options.ts';
export * as optionRules from './options/option-rules.ts';
export { VERIFIER_RULES } from './options.ts';
export { type Actor, personOf, personOfClaims, type WithParser } from './principal/principal.ts';
export { actingFor, makerOf, tenantsOf, tokenOf } from './principal/to-principal.ts';
export {
  type BoundedResponse,
  describeAnswer,
  failureKindOf,
  failureKindOfAnswer,
  fetchBounded,
  NO_REALM,
  notCached,
  readBody,
  toFailureCode,
} from './realm/fetch-json.ts';
export { OTHER_ISSUER, toRealmUrl } from './realm/issuer.ts';
export type { CallObserver, KeycloakCall } from './realm/observed-call.ts';
export { fetchWith, OBSERVERS, observeFetch } from './realm/observed-fetch.ts';
export { adviseOnRealm, createBreaker } from './realm/outage.ts';
export {
  createRequestGuard,
  type GuardOptions,
  isPrincipal,
  NO_PRINCIPAL,
  type RequestGuard,
  type RequestGuardHost,
  type SessionAuthenticator,
  type SignInDemand,
} from './request-guard.ts';
export {
  createRevocationLog,
  REMEMBER_SECONDS,
  type RevocationLog,
  type TenantRevocations,
} from './revocation/revocation-log.ts';
export { createMemoryLeases, type Leases, MAX_PROOFS } from './revocation/revocation-store.ts';
export { type BoundedCache, createBoundedCache, getOrMake, ofEach, once } from './runtime/cache.ts';
export {
  createCallSlots,
  createSingleFlight,
  isThenable,
  loadPart,
  type Part,
  partOf,
  type SingleFlight,
  settle,
  settleAll,
  then,
} from './runtime/concurrency.ts';
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
export {
  partsOf,
  rememberParts,
  type VerifierParts,
} from './verifier-parts.ts';
