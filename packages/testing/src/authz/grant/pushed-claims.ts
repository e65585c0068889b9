import { Fault, invalidRequest } from '../../fault.ts';

/** Claims that a request pushes to the policies. */
export type PushedClaims = Readonly<Record<string, readonly string[]>>;

/**
 * Reads the field `claim_token`: base64url of JSON.
 *
 * @throws {Fault} 400 if it is malformed, 500 if a claim is not a list
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
  if (Object.values(claims).some((one) => !Array.isArray(one))) {
    throw new Fault(500, 'server_error', 'Unexpected error while evaluating permissions');
  }
  return claims as PushedClaims;
}

/** Drops names that begin with `kc.`, which are reserved. */
export function withoutReserved(claims: PushedClaims): PushedClaims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !name.startsWith('kc.')));
}
