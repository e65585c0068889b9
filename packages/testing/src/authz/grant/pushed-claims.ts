import { Fault, invalidRequest } from '../../fault.ts';

/** What the request brings for policies: names, each with texts. */
export type PushedClaims = Readonly<Record<string, readonly string[]>>;

/**
 * Reads the field `claim_token`: base64url of JSON.
 *
 * @throws {Fault} 400 where it is none, 500 where a claim is no list
 */
export function readClaimToken(token: string | null): PushedClaims {
  if (token === null) return {};
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    throw invalidRequest('Invalid claims');
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw invalidRequest('Invalid claims');
  }
  if (Object.values(claims).some((one) => !Array.isArray(one))) throw unexpected();
  return claims as PushedClaims;
}

export const unexpected = () =>
  new Fault(500, 'server_error', 'Unexpected error while evaluating permissions');

/** Names that begin with `kc.` are Keycloak's own, and cannot be pushed. */
export function withoutReserved(claims: PushedClaims): PushedClaims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !name.startsWith('kc.')));
}
