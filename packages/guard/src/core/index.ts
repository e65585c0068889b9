export { authenticate } from './authenticate.ts';
export type { CertificateHeader, ClientCertificateSource } from './binding/client-certificate.ts';
export type { Possession } from './binding/confirmation.ts';
export type { DpopMode, DpopOptions } from './binding/dpop-options.ts';
export { combineVerifiers } from './combine-verifiers.ts';
export { createCredential } from './credential/create-credential.ts';
export type { Credential } from './credential/credential.ts';
export type { CredentialOptions } from './credential/options.ts';
export type { AcrLevels } from './guards/acr-levels.ts';
export type { Guard } from './guards/guards.ts';
export { has } from './guards/has.ts';
export { requireSignIn, type SignInRules } from './guards/required-sign-in.ts';
export { type Requirements, toGuard } from './guards/requirements.ts';
export type { RequiredSignIn } from './http/challenge.ts';
export { readBearerToken } from './http/credentials.ts';
export {
  AUTH_ERRORS,
  AuthError,
  type AuthErrorCode,
  isAuthError,
  type OptionProblem,
  OptionsError,
} from './http/errors.ts';
export type { HeadersLike, RequestLike } from './http/request.ts';
export type { KeycloakMessage } from './messages/keycloak-messages.ts';
export type { VerifierOptions } from './options.ts';
export type { AppClaims, Claims, GuardTypes } from './principal/claims.ts';
export type { Principal } from './principal/principal.ts';
export { principalOf } from './principal/principal-of.ts';
export { createIssuer, type Discovery, type Issuer } from './realm/issuer.ts';
export {
  createMemoryRevocationStore,
  type ProofStore,
  type RevocationStore,
} from './revocation/revocation.ts';
export type { Revocation } from './revocation/revocation-log.ts';
export type { Log } from './runtime/log.ts';
export type { Notice } from './runtime/notice.ts';
export type { VerifierStatus } from './token/stats.ts';
export type { TokenCheck } from './token/token-options.ts';
export { createVerifier, type TokenVerifier, type Verifier } from './verifier.ts';
