import type { TokenVerifier } from '../../core/index.ts';
import { type Gate, getOrMake } from '../../core/internal.ts';
import type { Tenants } from '../../tenants/internal.ts';

/** Which verifier decides about a request: always the same, or that of its tenant. */
export interface Realms<Incoming> {
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

export function toOneForAll<Incoming>(verifier: TokenVerifier): Realms<Incoming> {
  return { verifierOf: () => verifier, gate: (make) => make(verifier) };
}

export function toTenantRealms<Incoming>(tenants: Tenants<Incoming>): Realms<Incoming> {
  return {
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
      };
    },
  };
}
