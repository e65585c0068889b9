import type { AppClaims } from './claims.ts';
import type { Actor } from './delegation.ts';
import type { Organization } from './organization.ts';

/**
 * The caller: a verified access token, under the names usual in OAuth.
 * Frozen, with everything in it; the same object is handed out for every request with the same token, until Keycloak
 * adds other claims to it.
 */
export interface Principal<C extends object = AppClaims> {
  /** Id of the user or service account (`sub`); `null` where the token has none (client without the scope `basic`). */
  readonly subject: string | null;
  /** `preferred_username`, or `null`. */
  readonly username: string | null;
  /** `email`, or `null`. Look at `claims.email_verified` before you trust it. */
  readonly email: string | null;
  /** Full name (`name`), or `null`. */
  readonly name: string | null;
  /** Roles of the realm (`realm_access.roles`). */
  readonly realmRoles: readonly string[];
  /** Roles by client (`resource_access.<client>.roles`). An object without a prototype. */
  readonly clientRoles: { readonly [clientId: string]: readonly string[] };
  /** Groups as full paths, for example `/staff/dev` (needs a group membership mapper). */
  readonly groups: readonly string[];
  /** Organizations that the user is a member of, as far as the token names them (scope `organization`). */
  readonly organizations: readonly Organization[];
  /**
   * The tenant that the caller acts for, where the application has tenants: the name of the realm's tenant, or the alias of an
   * organization. That is the active one of a session; of a token the one that a guard required, or its only one. Not there
   * if it is not known.
   */
  readonly tenant?: string;
  /** Scopes granted to the client (`scope`, split at spaces). */
  readonly scopes: readonly string[];
  /** Audiences (`aud`), always a list. */
  readonly audience: readonly string[];
  /** Id of the Keycloak session (`sid`); `null` for service accounts. */
  readonly sessionId: string | null;
  /** Client the token was issued to (`azp`). */
  readonly authorizedParty: string | null;
  /** `service`: a client acts in its own name, without a user. `person`: every other caller. */
  readonly kind: 'person' | 'service';
  /** Who acts in the name of the user (`act`, RFC 8693 §4.1); `null` if the user acts alone. */
  readonly actor: Actor | null;
  /** How strongly the person signed in (`acr`), by the names of the realm; `null` where the token does not say. */
  readonly acr: string | null;
  /** When the person signed in (`auth_time`); `null` if there was no sign-in. Unit: seconds since 1970. */
  readonly authenticatedAt: number | null;
  /** Issuer of the token (`iss`): tells realms apart where several are accepted. */
  readonly issuer: string;
  /** When the token expires (`exp`). Unit: seconds since 1970. */
  readonly expiresAt: number;
  /**
   * All claims, or the result of `parseClaims` if that option is given. For your application: guards judge by the members above.
   */
  readonly claims: Readonly<C>;
}
