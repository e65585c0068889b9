import type { AppClaims, Claims } from './claims.ts';
import { type Actor, toActor, toKind } from './delegation.ts';
import { freezeDeep } from './freeze.ts';

/**
 * The caller: a verified access token, in the words of the field.
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
  /** Aliases of the organizations the user is a member of (needs the scope `organization`). */
  readonly organizations: readonly string[];
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
  /** All claims, or the result of `parseClaims` if that option is given. A copy: no check reads it. */
  readonly claims: Readonly<C>;
}

/**
 * Turns claims into a principal. This is the only place that knows Keycloak's names for roles, groups and
 * organizations. Claims of the wrong type count as missing.
 */
export function toPrincipal<C extends object>(claims: Claims, parsed: C): Principal<C> {
  return Object.freeze({
    subject: toText(claims.sub),
    username: toText(claims.preferred_username),
    email: toText(claims.email),
    name: toText(claims.name),
    realmRoles: toRoles(claims.realm_access),
    clientRoles: toClientRoles(claims.resource_access),
    groups: toTexts(claims.groups),
    organizations: toOrganizations(claims.organization),
    scopes: Object.freeze((toText(claims.scope) ?? '').split(' ').filter((scope) => scope !== '')),
    audience: toTexts(Array.isArray(claims.aud) ? claims.aud : [claims.aud]),
    sessionId: toText(claims.sid) ?? toText(claims.session_state),
    authorizedParty: toText(claims.azp),
    kind: toKind(claims),
    actor: toActor(claims.act),
    acr: toText(claims.acr),
    authenticatedAt: Number.isFinite(claims.auth_time) ? (claims.auth_time as number) : null,
    issuer: claims.iss as string,
    expiresAt: claims.exp as number,
    claims: freezeDeep(parsed),
  });
}

function toText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function toTexts(value: unknown): readonly string[] {
  return Object.freeze(Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);
}

function toRoles(access: unknown): readonly string[] {
  return toTexts(isObject(access) ? access.roles : undefined);
}

/** Without a prototype, so that a client named `constructor` or `__proto__` is a name like any other. */
function toClientRoles(access: unknown): Principal['clientRoles'] {
  const roles: Record<string, readonly string[]> = Object.create(null);
  if (isObject(access)) {
    for (const [client, value] of Object.entries(access)) roles[client] = toRoles(value);
  }
  return Object.freeze(roles);
}

/** A list of aliases, or an object with the aliases as keys where ids or attributes are added to the token. */
function toOrganizations(value: unknown): readonly string[] {
  return isObject(value) ? Object.freeze(Object.keys(value)) : toTexts(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
