import { AuthError } from '../http/errors.ts';

/** The claims of an access token, as Keycloak signed them. */
export type Claims = { readonly [claim: string]: unknown };

/**
 * Says once, for the whole app, what `parseClaims` returns: with a member `claims`, added by declaration merging. Then
 * the claims of every principal are typed, in every framework, and `parseClaims` is a required option.
 *
 * @example
 * declare module 'keycloak-guard' {
 *   interface GuardTypes { claims: { tenant: string } }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: apps declare its members
export interface GuardTypes {}

/** The claims of a principal: what {@link GuardTypes} says, else {@link Claims}. */
export type AppClaims = GuardTypes extends { claims: infer C extends object } ? C : Claims;

/** Makes the option `parseClaims` required where claims have more than a token promises. */
export type WithParser<C extends object> = Claims extends C
  ? unknown
  : { readonly parseClaims: (claims: Claims) => C };

// A claim of the wrong type counts as missing.

export function toStrings(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return Object.freeze([]);
  // Only a copy has no room for more: of each token, half of what its lists would hold.
  return Object.freeze(value.filter((one) => typeof one === 'string').slice());
}

/** `realm_access`, or one client's part of `resource_access`. */
export function toRoles(access: unknown): readonly string[] {
  return toStrings(membersOf(access).roles);
}

/** `resource_access`. Without a prototype, so that a client named `constructor` or `__proto__` is a name like any other. */
export function toClientRoles(access: unknown): { readonly [clientId: string]: readonly string[] } {
  const roles: Record<string, readonly string[]> = Object.create(null);
  if (isObject(access)) {
    for (const [client, value] of Object.entries(access)) roles[client] = toRoles(value);
  }
  return Object.freeze(roles);
}

/** The own members of an object; none of any other value. */
function membersOf(value: unknown): Record<string, unknown> {
  return Object.setPrototypeOf(isObject(value) ? { ...value } : {}, null);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The party that acts in the name of a user, in a delegated call (RFC 8693 §4.1). */
export interface Actor {
  /** Id of the actor (`sub`). */
  readonly subject: string | null;
  /** Client of the actor (`client_id`, or `azp`). */
  readonly clientId: string | null;
  /** The one before, in a chain of calls. */
  readonly actor: Actor | null;
}

/** Longer chains are cut: the claim can be as deep as a token is long. */
const MOST_ACTORS = 10;

/** The claim `act`; `null` if the user acts alone. One that cannot be read may name somebody. */
export function toActor(act: unknown): Actor | null {
  const chain: Record<string, unknown>[] = [];
  for (let one = act; (one ?? null) !== null && chain.length < MOST_ACTORS; one = chain.at(-1)?.act)
    chain.push(membersOf(one));
  return chain.reduceRight<Actor | null>(
    (actor, { sub, client_id, azp }) =>
      Object.freeze({ subject: toText(sub), clientId: toText(client_id) ?? toText(azp), actor }),
    null,
  );
}

/**
 * Whether a person has signed in, or a client acts in its own name. A person has a session at Keycloak; Keycloak marks what
 * it issues to a service account (`cc` in `jti`, since 26.4; the address of the client). A user's name says nothing: anybody
 * could have it.
 */
export function toKind(claims: { readonly [claim: string]: unknown }): 'person' | 'service' {
  const session = toText(claims.sid) ?? toText(claims.session_state);
  const isMarked = /^\w{4}cc:/.test(toText(claims.jti) ?? '') || toText(claims.clientHost) !== null;
  return session === null || isMarked ? 'service' : 'person';
}

/** A string that is not empty; `null` of any other value. */
export function toText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** An organization that the caller is a member of. What Keycloak's mapper does not add is empty. */
export interface Organization {
  /** Unique in the realm, and never changed. */
  readonly alias: string;
  /** `null` unless the mapper adds it ("Add organization id"). */
  readonly id: string | null;
  /** Its domain, if the caller's e-mail address is in it ("Add organization domain", since 26.7); else `null`. */
  readonly domain: string | null;
  /** Its attributes ("Add organization attributes"). An object without a prototype. */
  readonly attributes: { readonly [name: string]: readonly string[] };
  /** Groups of the organization that the caller is in, as paths within it (mapper "Organization Group Membership", since 26.6). */
  readonly groups: readonly string[];
  /** Realm roles by those groups ("Add group role mappings"). */
  readonly realmRoles: readonly string[];
  /** Roles by client by those groups. An object without a prototype. */
  readonly clientRoles: { readonly [clientId: string]: readonly string[] };
}

/**
 * The claim `organization` in each form that Keycloak's mapper gives it: a list of aliases, one alias, or an object by alias.
 * Claims of the wrong type count as missing.
 */
export function toOrganizations(value: unknown): readonly Organization[] {
  const said: readonly [alias: string, said?: unknown][] = isObject(value)
    ? Object.entries(value)
    : toStrings(typeof value === 'string' ? [value] : value).map((alias) => [alias]);
  return Object.freeze(said.filter(([alias]) => alias !== '').map(([alias, one]) => toOne(alias, one)));
}

function toOne(alias: string, said: unknown): Organization {
  const { id, domain, groups, realm_access, resource_access, ...rest } = membersOf(said);
  const attributes: Record<string, readonly string[]> = Object.create(null);
  for (const [name, values] of Object.entries(rest)) attributes[name] = toStrings(values);
  return Object.freeze({
    alias,
    // Attributes are lists: one that has the name of a member is none of these.
    id: typeof id === 'string' ? id : null,
    domain: typeof domain === 'string' ? domain : null,
    attributes: Object.freeze(attributes),
    groups: toStrings(groups),
    realmRoles: toRoles(realm_access),
    clientRoles: toClientRoles(resource_access),
  });
}

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
  /** The party that acts in the name of the user (`act`, RFC 8693 §4.1); `null` if the user acts alone. */
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

/**
 * The key for data that is kept per person: equal for all tokens of one person, never empty, and never
 * equal for two realms (RFC 7519 §4.1.2: a subject is unique only together with its issuer). Without `sub` (lightweight
 * access tokens, a client without the scope `basic`) client and session stand for the person.
 *
 * This is the only place that makes such keys.
 */
export function personOf({ issuer, subject, authorizedParty, sessionId }: Principal<object>): string {
  return toKey(issuer, subject, authorizedParty, sessionId);
}

/** The same from the claims of a verified token, before there is a principal. */
export function personOfClaims({ iss, sub, azp, sid }: Claims): string {
  return toKey(iss, typeof sub === 'string' && sub !== '' ? sub : null, azp ?? null, sid ?? null);
}

function toKey(issuer: unknown, subject: string | null, client: unknown, session: unknown): string {
  return JSON.stringify(subject === null ? [issuer, null, client, session] : [issuer, subject]);
}

/**
 * The caller, behind a guard: never `null`. If no guard ran, or an optional one found no caller, the request is
 * refused.
 *
 * @param request what the adapter set `principal` on: a request of Fastify's or Express's, or Koa's `ctx.state`
 * @throws {AuthError} `missing_token`
 * @example
 * app.get('/hello', { onRequest: app.guard() }, (request) => ({ hello: principalOf(request).username }));
 */
export function principalOf<C extends object = AppClaims>(request: {
  readonly principal?: Principal<C> | null | undefined;
}): Principal<C> {
  if (request.principal) return request.principal;
  throw new AuthError(
    'missing_token',
    'There is no principal: no guard ran here, or an optional one found nobody',
  );
}
