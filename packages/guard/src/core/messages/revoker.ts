import type { Revocation } from '../revocation/revocation-log.ts';
import type { VerifyContext } from '../token/verify.ts';

/** The part of a verifier that Keycloak's messages about revoked tokens go to. */
export interface Revoker {
  readonly clientId: string;
  readonly context: VerifyContext;
  revoke(revocation: Revocation): Promise<void>;
  useOnce(id: string, expiresAt: number): Promise<boolean>;
}
