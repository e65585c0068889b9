import type { TokenVerifier } from '../../core/index.ts';
import { type Gate, getOrMake } from '../../core/internal.ts';
import type { Tenants, TenantsHost } from '../../tenants/internal.ts';
import type { ResolvedAdapter } from './options.ts';

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
   * @throws {AuthError} if the request belongs to no tenant
   */
  verifierOf(request: Incoming, token?: string): TokenVerifier;
  /**
   * A gate for each realm, made when it is first needed; for one realm it is the gate itself.
   *
   * @param make throws an `OptionsError` for wrong requirements: here, and not at the first request
   */
  gate<Asked, Outgoing>(
    make: (verifier: TokenVerifier) => Gate<Asked, Outgoing>,
    verifierOf: (asked: Asked) => TokenVerifier,
  ): Gate<Asked, Outgoing>;
}

export function openRealms<Incoming, C extends object>(
  { verifier, openTenants }: Pick<ResolvedAdapter<Incoming, C>, 'verifier' | 'openTenants'>,
  host: TenantsHost<Incoming>,
): Realms<Incoming> {
  if (openTenants !== undefined) return toTenantRealms(openTenants(host));
  const one = verifier as unknown as TokenVerifier;
  const clock = one.members[0]?.context?.options.clock ?? Date.now;
  return { verifier: one, tenants: undefined, clock, verifierOf: () => one, gate: (make) => make(one) };
}

function toTenantRealms<Incoming>(tenants: Tenants<Incoming>): Realms<Incoming> {
  return {
    tenants,
    verifier: tenants.verifier as unknown as TokenVerifier,
    clock: tenants.nobody.context.options.clock,
    verifierOf: tenants.verifierOf as Realms<Incoming>['verifierOf'],
    gate(make, verifierOf) {
      type Made = ReturnType<typeof make>;
      const nobody = make(tenants.nobody as unknown as TokenVerifier);
      const gates = new WeakMap<TokenVerifier, Made>();

      /** @throws {AuthError} */
      function gateOf(asked: Parameters<Made['decide']>[0]): Made {
        const verifier = verifierOf(asked);
        return getOrMake(gates, verifier, () => make(verifier));
      }

      return {
        ...nobody,
        decide(asked, answer) {
          let gate: Made;
          try {
            gate = gateOf(asked);
          } catch (error) {
            return nobody.refuse(asked, error);
          }
          return gate.decide(asked, answer);
        },
        admit: (asked, found) => gateOf(asked).admit(asked, found),
      };
    },
  };
}
