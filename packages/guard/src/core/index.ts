export type { AcrLevels } from './acr-levels.ts';
export { type AdminAction, revokeByAdminPush } from './admin-push.ts';
export { authenticate } from './authenticate.ts';
export {
  buildChallenge,
  type Challenge,
  type ReadChallenge,
  type RequiredSignIn,
  readChallenges,
} from './challenge.ts';
export type { AppClaims, Claims, GuardTypes, WithParser } from './claims.ts';
export type { CertificateHeader, ClientCertificateSource } from './client-certificate.ts';
export { combineVerifiers } from './combine-verifiers.ts';
export type { Possession } from './confirmation.ts';
export { readBearerToken } from './credentials.ts';
export type { DpopMode, DpopOptions } from './dpop-options.ts';
export {
  AUTH_ERRORS,
  AuthError,
  type AuthErrorCode,
  type AuthErrorOptions,
  isAuthError,
  type OptionProblem,
  OptionsError,
} from './errors.ts';
export {
  allOf,
  anyOf,
  type Guard,
  requireAudience,
  requireClientRole,
  requireGroup,
  requireGroupTree,
  requireIssuer,
  requireOrganization,
  requireRealmRole,
  requireScope,
  requireThat,
} from './guards.ts';
export { has } from './has.ts';
export { createIssuer, type Discovery, type Endpoints, type Issuer, type IssuerOptions } from './issuer.ts';
export type { KeycloakMessage } from './keycloak-messages.ts';
export type { Log } from './log.ts';
export { revokeByLogoutToken } from './logout-token.ts';
export type { Notice, TokenCheck, VerifierOptions } from './options.ts';
export type { CalledFor, Outage } from './outage.ts';
export type { Principal } from './principal.ts';
export { principalOf } from './principal-of.ts';
export type { HeadersLike, HeadersRecord, RequestLike, SocketLike } from './request.ts';
export { requireSignIn, type SignInRules } from './required-sign-in.ts';
export { type Requirements, toGuard } from './requirements.ts';
export { createMemoryRevocationStore, type ProofStore, type RevocationStore } from './revocation.ts';
export { createRevocationLog, type Revocation, type RevocationLog } from './revocation-log.ts';
export type { SenderCheck } from './sender-check.ts';
export { isServerUrl, mendServerUrl } from './server-url.ts';
export type { VerifierStats } from './stats.ts';
export {
  createVerifier,
  type Revoker,
  type TokenVerifier,
  type Verifier,
  type VerifierStatus,
} from './verifier.ts';
