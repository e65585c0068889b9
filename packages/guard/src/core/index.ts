export { authenticate } from './authenticate.ts';
export type { CertificateHeader, ClientCertificateSource } from './binding/client-certificate.ts';
export type { DpopMode, DpopOptions } from './binding/dpop-options.ts';
export type { Possession } from './binding/sender-check.ts';
export { combineVerifiers } from './combine-verifiers.ts';
export type { Credential, CredentialOptions } from './credential/credential.ts';
export { createCredential } from './credential/make-credential.ts';
export type { Guard } from './guards/guards.ts';
export { has, type Requirements, toGuard } from './guards/requirements.ts';
export type { AcrLevels } from './guards/sign-in.ts';
export { requireSignIn, type SignInRules } from './guards/sign-in.ts';
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
export type { VerifierOptions } from './options.ts';
export type { AppClaims, Claims, GuardTypes, Principal } from './principal/principal.ts';
export { principalOf } from './principal/principal.ts';
export { createIssuer, type Discovery, type Issuer } from './realm/issuer.ts';
export type { Revocation } from './revocation/revocation-log.ts';
export {
  createMemoryRevocationStore,
  type ProofStore,
  type RevocationStore,
} from './revocation/revocation-store.ts';
export type { Log, Notice } from './runtime/notice.ts';
export type { VerifierStatus } from './token/stats.ts';
export type { TokenCheck } from './token/verify.ts';
export { createVerifier, type TokenVerifier, type Verifier } from './verifier.ts';
