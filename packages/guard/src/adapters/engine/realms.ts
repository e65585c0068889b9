import type { Notice, TokenVerifier, Verifier } from '../../core/index.ts';
import { partsOf } from '../../core/internal.ts';
import { type Tenants, type TenantsHost, unknownTenant } from '../../tenants/internal.ts';
import type { ResolvedAdapter } from './options.ts';
import type { ResourceHost } from './parts/resource-metadata.ts';
import { isTenantName, pathOf, tenantIn } from './routes.ts';

/** Finds the verifier of a request: always the same, or that of its tenant. */
export interface Realms<Incoming> {
  /** Of all realms together. */
  readonly verifier: TokenVerifier;
  /** `undefined` for an application without tenants, each with a realm of its own. */
  readonly tenants: Tenants<Incoming> | undefined;
  /** Reports what concerns no realm in particular. */
  notify(notice: Notice): void;
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

/** The members of an engine that its parts need. */
export type PartHost<Incoming> = Pick<Realms<Incoming>, 'verifier' | 'tenants' | 'verifierOf'>;

/** The one realm of a verifier that this package made; `undefined` for several, and for a verifier of the application's own. */
export function realmOf({ members: [member, ...others] }: TokenVerifier): Verifier<object> | undefined {
  return member !== undefined && others.length === 0 && partsOf(member) ? (member as never) : undefined;
}

export function openRealms<Incoming, C extends object>(
  { verifier, openTenants }: Pick<ResolvedAdapter<Incoming, C>, 'verifier' | 'openTenants'>,
  host: TenantsHost<Incoming>,
): Realms<Incoming> {
  if (openTenants !== undefined) return toTenantRealms(openTenants(host));
  const one = verifier as unknown as TokenVerifier;
  const clock = one.members[0]?.context?.options.clock ?? (() => Date.now());
  const notify = (notice: Notice) => one.members[0]?.notify?.(notice);
  return { verifier: one, tenants: undefined, clock, notify, base: one, verifierOf: () => one };
}

function toTenantRealms<Incoming>(tenants: Tenants<Incoming>): Realms<Incoming> {
  return {
    tenants,
    verifier: tenants.verifier as unknown as TokenVerifier,
    clock: tenants.nobody.context.options.clock,
    base: tenants.nobody as unknown as TokenVerifier,
    notify: tenants.nobody.notify,
    verifierOf: tenants.verifierOf as Realms<Incoming>['verifierOf'],
  };
}

/** The realms of a resource, and the tenant whose metadata a request is for: path and application must name the same one. */
export function toResourceHost<Incoming>(
  realms: Pick<Realms<Incoming>, 'tenants' | 'verifier' | 'verifierOf'>,
  toSessionRequest: TenantsHost<Incoming>['toSessionRequest'],
  tenantOf: ResourceHost<Incoming>['tenantOf'],
): ResourceHost<Incoming> {
  const { verifier, verifierOf } = realms;
  return {
    sender: verifier.sender,
    verifierOf,
    tenantOf,
    tenantAt:
      tenantOf &&
      ((request, path) => {
        const name = tenantOf(request);
        if (tenantIn(path, pathOf(toSessionRequest(request).url)) === name) return name;
        throw unknownTenant(`the application means ${name}, and the path names another one`);
      }),
  };
}

/**
 * The name of the tenant that a request belongs to, for URLs with `:tenant`; only where the request says whose it is. A parameter
 * `tenant` of the route must name the same one.
 *
 * @throws {AuthError} (the function throws one) as `Tenants.nameOf`; `tenant_unknown` for another parameter
 */
export function toTenantOf<Incoming>(
  { tenants }: Pick<Realms<Incoming>, 'tenants'>,
  paramsOf: ((request: Incoming) => unknown) | undefined,
): ((request: Incoming) => string) | undefined {
  if (tenants === undefined || tenants.isByIssuer) return undefined;
  return (request) => {
    const name = tenants.nameOf(request);
    if (!isTenantName(name)) throw unknownTenant(`its name cannot stand in a URL: ${name}`);
    const { tenant = name } = Object(paramsOf?.(request)) as { readonly tenant?: unknown };
    if (tenant === name) return name;
    throw unknownTenant(`the application means ${name}, and the route names another one`);
  };
}
