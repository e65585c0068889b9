import { AuthError } from '../http/errors.ts';
import { readCompactJws } from '../jwt/compact-jws.ts';
import { describeClaim } from '../jwt/signed-jwt.ts';
import type { Issuer } from '../realm/issuer.ts';

/** The part of a verifier that the selection reads. */
export interface Member {
  readonly issuer: Issuer;
}

/**
 * The verifier whose issuer a JWT names; one alone judges whatever comes. The claims are not verified yet: they only decide
 * whose keys and rules do that.
 *
 * @param members if there are several, each with the option `issuer`
 * @throws {AuthError} `token_malformed`, `token_issuer`
 */
export function selectByIssuer<M extends Member>(members: readonly M[], jwt: string): M {
  const [first, ...others] = members;
  if (first !== undefined && others.length === 0) return first;
  const { iss } = readCompactJws(jwt).payload();
  const member = members.find(({ issuer }) => issuer.pinned !== null && issuer.pinned === iss);
  if (member !== undefined) return member;
  throw new AuthError('token_issuer', 'The token is of another issuer', {
    expected: `iss ${members.map(({ issuer }) => issuer.pinned).join(' or ')}`,
    seen: `iss ${describeClaim(iss)}`,
  });
}
