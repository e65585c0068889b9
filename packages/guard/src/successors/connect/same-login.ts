import { AuthorizationError } from '../../client/index.ts';
import { readCompactJws } from '../../core/internal.ts';
import type { Token } from './token.ts';

/** Refuses a code that was injected: the ID token must carry the nonce of this login (RFC 9700 §4.5). */
export function assertNonce(text: string, nonce: string): void {
  const { id_token } = JSON.parse(text) as { id_token?: string };
  if (id_token !== undefined && readCompactJws(id_token).payload().nonce === nonce) return;
  throw new AuthorizationError('invalid_response', undefined);
}

/**
 * With tokens in a cookie, a caller could combine those of two users (OpenID Connect Core 1.0 §5.3.2). A claim that one of
 * them lacks, such as a lightweight access token, is not compared.
 *
 * @throws {Error} unless both belong to one user and one session
 */
export function assertSameUser({ content: access }: Token, { content: id }: Token): void {
  const isOther = (claim: 'sub' | 'sid') =>
    access[claim] !== undefined && id[claim] !== undefined && access[claim] !== id[claim];
  if (isOther('sub') || isOther('sid')) throw new Error('invalid token (wrong subject)');
}
