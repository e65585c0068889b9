import type { TokenVerifier } from '../../core/index.ts';
import { readingsOf } from '../../core/internal.ts';
import { type Tenants, type TenantsHost, unknownTenant } from '../../tenants/internal.ts';
import type { ResolvedAdapter } from './options.ts';
import { pathOf } from './path-of.ts';
import type { ResourceHost } from './protected-resource.ts';
import { tenantIn } from './tenant-path.ts';

/** Which verifier decides about a request: always the same, or that of its tenant. */
export interface Realms<Incoming> {
  /** Of all realms together. */
  readonly verifier: TokenVerifier;
  /** `undefined` for an application without tenants, each with a realm of its own. */
  readonly tenants: Tenants<Incoming> | undefined;
  /** The current time. Unit: milliseconds since 1970. */
  readonly clock: () => number;
  /**
   * @param token one that came elsewhere than in the header `Authorization`
   * @throws {AuthError} (or rejects with one) if the request belongs to no tenant
   */
  verifierOf(request: Incoming, token?: string): TokenVerifier | Promise<TokenVerifier>;
  /** The one realm; with tenants, a verifier that checks options and refuses everybody. */
  readonly base: TokenVerifier;
}

export function openRealms<Incoming, C extends object>(
  { verifier, openTenants }: Pick<ResolvedAdapter<Incoming, C>, 'verifier' | 'openTenants'>,
  host: TenantsHost<Incoming>,
): Realms<Incoming> {
  if (openTenants !== undefined) return toTenantRealms(openTenants(host));
  const one = verifier as unknown as TokenVerifier;
  const clock = one.members[0]?.context?.options.clock ?? Date.now;
  return { verifier: one, tenants: undefined, clock, base: one, verifierOf: () => one };
}

function toTenantRealms<Incoming>(tenants: Tenants<Incoming>): Realms<Incoming> {
  return {
    tenants,
    verifier: tenants.verifier as unknown as TokenVerifier,
    clock: tenants.nobody.context.options.clock,
    base: tenants.nobody as unknown as TokenVerifier,
    verifierOf: tenants.verifierOf as Realms<Incoming>['verifierOf'],
  };
}

/** The path and the application's function must mean the same tenant: metadata and audiences have its name in them. */
export function toTenantAt<Incoming>(
  { tenants }: Pick<Realms<Incoming>, 'tenants'>,
  { toWire }: Pick<TenantsHost<Incoming>, 'toWire'>,
): ResourceHost<Incoming>['tenantAt'] {
  if (tenants === undefined || tenants.isByIssuer) return undefined;
  return (request, path) => {
    const target = pathOf(toWire(request).url);
    // Refuses what a router may read as the path of another tenant. The function may not have looked at it.
    readingsOf(target || '/');
    const named = tenantIn(path, target);
    const meant = tenants.nameOf(request);
    if (named === meant) return named;
    throw unknownTenant(`its path names ${named ?? 'none'}, and the function means ${meant}`);
  };
}
