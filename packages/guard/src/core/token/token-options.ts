import type { Credential } from '../credential/credential.ts';
import type { Claims } from '../principal/claims.ts';
import type { TenantKind } from '../principal/tenant.ts';
import type { Notice } from '../runtime/notice.ts';

/** How often Keycloak is asked about a token whose signature is valid. */
export type TokenCheck = 'local' | 'recheck' | 'remote';

/**
 * As `audience`: accepts tokens for any client of the realm. It is a symbol, so that no configuration file can hold it;
 * applications that rely on it have their own setting.
 */
export const ANY_AUDIENCE = Symbol('any audience');

/** What the checks of a token need of the options of a verifier, with the defaults filled in. */
export interface TokenOptions<C extends object = Claims> {
  readonly clientId: string;
  readonly credential: Credential;
  readonly audience: readonly string[] | typeof ANY_AUDIENCE | undefined;
  readonly algorithms: ReadonlySet<string>;
  readonly tokenCheck: TokenCheck;
  readonly recheckSeconds: number;
  readonly whenUnavailable: 'accept' | 'refuse';
  readonly maxCachedTokens: number;
  readonly clockToleranceSeconds: number;
  readonly timeoutMs: number;
  readonly fillClaims: boolean;
  readonly parseClaims: ((claims: Claims) => C) | undefined;
  readonly tenants: TenantKind;
  readonly onNotice: (notice: Notice) => void;
  readonly clock: () => number;
  readonly fetch: typeof fetch;
}
