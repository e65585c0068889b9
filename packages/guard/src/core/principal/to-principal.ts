import {
  type Claims,
  type Organization,
  type Principal,
  toActor,
  toClientRoles,
  toKind,
  toOrganizations,
  toRoles,
  toStrings,
  toText,
} from './principal.ts';

/**
 * Freezes a value with the plain objects and lists in it. An instance of a class, for example a `Date` or a `Map`, is
 * frozen only if it is the value itself.
 */
function freezeDeep<T extends object>(root: T): T {
  const open: object[] = [root];
  const seen = new Set<object>(open);
  // Not by recursion: JSON may be deeper than the stack.
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    for (const inner of Object.values(value)) {
      if (typeof inner !== 'object' || inner === null || seen.has(inner) || !isPlain(inner)) continue;
      seen.add(inner);
      open.push(inner);
    }
    Object.freeze(value);
  }
  return root;
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

interface Made {
  readonly token: string;
  readonly by: object | undefined;
}

/** Beside the principals, not in them: a printed principal shows no token. */
const made = new WeakMap<Principal<never>, Made>();

/**
 * Gives the principal back.
 *
 * @param by the verifier that made it
 */
export function rememberToken<C extends object>(
  principal: Principal<C>,
  token: string,
  by?: object,
): Principal<C> {
  made.set(principal as Principal<never>, { token, by });
  return principal;
}

/** The access token that a principal was made of; `undefined` where no verifier of this package made it. */
export function tokenOf<C extends object>(principal: Principal<C>): string | undefined {
  return made.get(principal as Principal<never>)?.token;
}

/** The verifier that made a principal, and so its realm; `undefined` where none of this package did. */
export function makerOf<C extends object>(principal: Principal<C>): object | undefined {
  return made.get(principal as Principal<never>)?.by;
}

/** The tenants of an application: realms, each with a name, or the organizations of one realm. */
export type TenantKind = { readonly name: string } | 'organizations' | undefined;

/** Beside the principals: tenants that a caller may act for, where these are not just `principal.tenant`. */
const allowed = new WeakMap<Principal<never>, readonly string[]>();
/** One copy of a principal for each tenant, so that what is kept by principal stays kept. */
const copies = new WeakMap<Principal<never>, Map<string | undefined, Principal<never>>>();

/** The only tenant of a token; `undefined` if there are several, or none. */
function tenantOf(kind: TenantKind, organizations: readonly Organization[]): string | undefined {
  if (kind !== 'organizations') return kind?.name;
  return organizations.length === 1 ? organizations[0]?.alias : undefined;
}

/** A token's principal may act for each of its organizations. */
function rememberTenants<C extends object>(principal: Principal<C>, kind: TenantKind): Principal<C> {
  const aliases = principal.organizations.map(({ alias }) => alias);
  if (kind === 'organizations') allowed.set(principal as Principal<never>, aliases);
  return principal;
}

/** The tenants that a caller may act for. */
export function tenantsOf<C extends object>(principal: Principal<C>): readonly string[] {
  const tenant = Object.hasOwn(principal, 'tenant') ? principal.tenant : undefined;
  return allowed.get(principal as Principal<never>) ?? (tenant === undefined ? [] : [tenant]);
}

/**
 * The same caller, acting for one tenant alone.
 *
 * @param tenant one that the caller may not act for, or `undefined`: for none
 */
export function actingFor<C extends object>(
  principal: Principal<C>,
  tenant: string | undefined,
): Principal<C> {
  const known = principal as Principal<never>;
  const may = tenantsOf(principal).find((one) => one === tenant);
  let made = copies.get(known);
  if (made === undefined) {
    made = new Map();
    copies.set(known, made);
  }
  const before = made.get(may);
  if (before !== undefined) return before as Principal<C>;
  const { tenant: _, ...rest } = principal;
  const copy = Object.freeze(may === undefined ? rest : { ...rest, tenant: may }) as Principal<C>;
  const token = tokenOf(principal);
  if (token !== undefined) rememberToken(copy, token, makerOf(principal));
  made.set(may, copy as Principal<never>);
  return copy;
}

/**
 * Turns claims into a principal. This is the only place that knows Keycloak's names for roles, groups and
 * organizations. Claims of the wrong type count as missing.
 */
export function toPrincipal<C extends object>(
  claims: Claims,
  parsed: C,
  tenants: TenantKind = undefined,
): Principal<C> {
  const organizations = toOrganizations(claims.organization);
  const tenant = tenantOf(tenants, organizations);
  const principal: Principal<C> = Object.freeze({
    subject: toText(claims.sub),
    username: toText(claims.preferred_username),
    email: toText(claims.email),
    name: toText(claims.name),
    realmRoles: toRoles(claims.realm_access),
    clientRoles: toClientRoles(claims.resource_access),
    groups: toStrings(claims.groups),
    organizations,
    ...(tenant !== undefined && { tenant }),
    scopes: toStrings(
      toText(claims.scope)
        ?.split(' ')
        .filter((scope) => scope !== ''),
    ),
    audience: toStrings(Array.isArray(claims.aud) ? claims.aud : [claims.aud]),
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
  return rememberTenants(principal, tenants);
}
