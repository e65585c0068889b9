import { AuthorizationError } from '../client/index.ts';
import { readCompactJws } from '../core/internal.ts';
import type { Token } from './token.ts';

/** Another one's code was slipped in, unless the ID token is an answer to this login (RFC 9700 §4.5). */
export function assertNonce(text: string, nonce: string): void {
  const { id_token } = JSON.parse(text) as { id_token?: string };
  if (id_token !== undefined && readCompactJws(id_token).payload().nonce === nonce) return;
  throw new AuthorizationError('invalid_response', undefined);
}

/**
 * Where tokens are kept in a cookie, anybody can put two of them together (OpenID Connect Core 1.0 §5.3.2). What one of them
 * does not say, as a lightweight access token, is not compared.
 *
 * @throws {Error} unless both are of one user and one session
 */
export function assertSameUser({ content: access }: Token, { content: id }: Token): void {
  const isOther = (claim: 'sub' | 'sid') =>
    access[claim] !== undefined && id[claim] !== undefined && access[claim] !== id[claim];
  if (isOther('sub') || isOther('sid')) throw new Error('invalid token (wrong subject)');
}
