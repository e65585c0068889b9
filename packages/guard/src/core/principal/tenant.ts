import type { Organization } from './organization.ts';
import type { Principal } from './principal.ts';
import { makerOf, rememberToken, tokenOf } from './token-of.ts';

/** What the tenants of an application are: each caller's realm, under a name, or the organizations of one realm. */
export type TenantKind = { readonly name: string } | 'organizations' | undefined;

/** Beside the principals: tenants that a caller may act for, where these are not just `principal.tenant`. */
const allowed = new WeakMap<Principal<never>, readonly string[]>();
/** One copy of a principal for each tenant, so that what is kept by principal stays kept. */
const copies = new WeakMap<Principal<never>, Map<string | undefined, Principal<never>>>();

/** The only tenant of a token; `undefined` if there are several, or none. */
export function tenantOf(kind: TenantKind, organizations: readonly Organization[]): string | undefined {
  if (kind !== 'organizations') return kind?.name;
  return organizations.length === 1 ? organizations[0]?.alias : undefined;
}

/** A token's principal may act for each of its organizations. */
export function rememberTenants<C extends object>(principal: Principal<C>, kind: TenantKind): Principal<C> {
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
