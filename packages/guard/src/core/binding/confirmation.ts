import { AuthError } from '../http/errors.ts';

/** What a token is bound to (`cnf`, RFC 7800 §3.1): it is of no use to a sender who does not have it. */
export interface Confirmation {
  /** Thumbprint of a key (RFC 7638, RFC 9449 §6.1). */
  readonly jkt: string | undefined;
  /** `x5t#S256`: thumbprint of a certificate (RFC 8705 §3.1). */
  readonly certificate: string | undefined;
}

/** What the sender of a token shows besides it. */
export interface Possession {
  /** Thumbprint of the key that signed the DPoP proof; the caller has checked the proof, or is about to. */
  readonly jkt?: string | undefined;
  /** Thumbprint of the client's certificate. Asked only where the token is bound to one. */
  certificate?(): string | undefined;
  /** Nobody sent the token: this process keeps it for somebody who shows something else, such as a session cookie. */
  readonly isKept?: boolean;
}

/** For a token that a session keeps. */
export const KEPT: Possession = Object.freeze({ isKept: true });

/**
 * What a token is bound to; `undefined` where it is a plain bearer token. Keycloak up to 26.4 writes `typ: Bearer` into
 * tokens that are bound to a key, later ones `typ: DPoP`.
 *
 * @throws {AuthError} `token_bound` where it is bound to something unknown here, or does not say to what
 */
export function readConfirmation({ cnf, typ }: { cnf?: unknown; typ?: unknown }): Confirmation | undefined {
  if (cnf === undefined && typ !== 'DPoP') return undefined;
  const { jkt, 'x5t#S256': certificate } = (cnf ?? {}) as { jkt?: unknown; 'x5t#S256'?: unknown };
  const isBound = jkt !== undefined || (certificate !== undefined && typ !== 'DPoP');
  if (isBound && isThumbprint(jkt) && isThumbprint(certificate)) return Object.freeze({ jkt, certificate });
  throw new AuthError('token_bound', 'The token is bound to something that is not known here', {
    expected: 'cnf with jkt (RFC 9449 §6.1) or x5t#S256 (RFC 8705 §3.1)',
  });
}

function isThumbprint(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value !== '');
}

/**
 * RFC 9449 §7.1, RFC 8705 §3: whoever sends a bound token shows what it is bound to, and a proof is for a bound token.
 *
 * @throws {AuthError} `token_bound`, `token_not_bound` or `token_binding`
 */
export function assertPossession(bound: Confirmation | undefined, shown: Possession | undefined): void {
  if (shown?.isKept) return;
  if (bound?.jkt === undefined && shown?.jkt !== undefined) {
    throw new AuthError('token_not_bound', 'A token that is bound to no key came with the scheme DPoP');
  }
  if (bound === undefined) return;
  assertSame(bound.jkt, shown?.jkt, 'key of its client (RFC 9449 §7.1)', 'a DPoP proof');
  if (bound.certificate === undefined) return;
  assertSame(bound.certificate, shown?.certificate?.(), 'certificate (RFC 8705 §3)', 'the certificate');
}

function assertSame(bound: string | undefined, shown: string | undefined, what: string, proof: string): void {
  if (bound === shown) return;
  if (shown === undefined) {
    throw new AuthError('token_bound', `The token is bound to a ${what}`, {
      expected: proof,
      seen: 'nothing beside it',
    });
  }
  throw new AuthError('token_binding', `The token is bound to another ${what}`, {
    expected: `thumbprint ${bound}`,
    seen: `thumbprint ${shown}`,
  });
}
