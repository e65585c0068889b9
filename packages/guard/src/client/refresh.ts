import type { SingleFlight } from '../core/internal.ts';
import type { ClientContext } from './context.ts';
import { grant } from './grant.ts';
import type { Tokens } from './tokens.ts';

/**
 * RFC 6749 §6. A second call with the same refresh token gets the answer to the first: with
 * "Revoke Refresh Token" on, a second call would end the session.
 */
export function refresh(
  context: ClientContext,
  once: SingleFlight<Tokens>,
  refreshToken: string,
): Promise<Tokens> {
  const parameters = { refresh_token: refreshToken };
  return once(refreshToken, () => grant(context, 'refresh_token', parameters, { hidden: [refreshToken] }));
}
