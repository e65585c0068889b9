export { authenticate } from './authenticate.ts';
export type { CertificateHeader, ClientCertificateSource } from './binding/client-certificate.ts';
export type { Possession } from './binding/confirmation.ts';
export type { DpopMode, DpopOptions } from './binding/dpop-options.ts';
export type { SenderCheck } from './binding/sender-check.ts';
export { combineVerifiers } from './combine-verifiers.ts';
export { type CreateCredentialOptions, createCredential } from './credential/create-credential.ts';
export type { Authentication, Credential, CredentialKind } from './credential/credential.ts';
export type { CredentialOptions, SecretMethod } from './credential/options.ts';
export type { AcrLevels } from './guards/acr-levels.ts';
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
} from './guards/guards.ts';
export { has } from './guards/has.ts';
export { requireSignIn, type SignInRules } from './guards/required-sign-in.ts';
export { type Requirements, toGuard } from './guards/requirements.ts';
export {
  buildChallenge,
  type Challenge,
  type ReadChallenge,
  type RequiredSignIn,
  readChallenges,
} from './http/challenge.ts';
export { readBearerToken } from './http/credentials.ts';
export {
  AUTH_ERRORS,
  AuthError,
  type AuthErrorCode,
  type AuthErrorOptions,
  isAuthError,
  type OptionProblem,
  OptionsError,
} from './http/errors.ts';
export type { HeadersLike, HeadersRecord, RequestLike, SocketLike } from './http/request.ts';
export { type AdminAction, revokeByAdminPush } from './messages/admin-push.ts';
export type { KeycloakMessage } from './messages/keycloak-messages.ts';
export { revokeByLogoutToken } from './messages/logout-token.ts';
export { isServerUrl, mendServerUrl } from './options/server-url.ts';
export type { TokenCheck, VerifierOptions } from './options.ts';
export type { AppClaims, Claims, GuardTypes, WithParser } from './principal/claims.ts';
export type { Principal } from './principal/principal.ts';
export { principalOf } from './principal/principal-of.ts';
export {
  createIssuer,
  type Discovery,
  type Endpoints,
  type Issuer,
  type IssuerOptions,
} from './realm/issuer.ts';
export type { CalledFor, Outage } from './realm/outage.ts';
export {
  createMemoryRevocationStore,
  type ProofStore,
  type RevocationStore,
} from './revocation/revocation.ts';
export { createRevocationLog, type Revocation, type RevocationLog } from './revocation/revocation-log.ts';
export type { Log } from './runtime/log.ts';
export type { Notice } from './runtime/notice.ts';
export type { VerifierStats } from './token/stats.ts';
export {
  createVerifier,
  type Revoker,
  type TokenVerifier,
  type Verifier,
  type VerifierStatus,
} from './verifier.ts';
