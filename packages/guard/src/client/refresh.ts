import type { ClientContext } from './context.ts';
import { grant } from './grant.ts';
import type { Tokens } from './tokens.ts';

/** Calls that are under way, by refresh token. */
export type RefreshesUnderWay = Map<string, Promise<Tokens>>;

/**
 * RFC 6749 §6. Whoever comes with a refresh token that is being used already gets the answer to that call: with
 * "Revoke Refresh Token" on, a second call would end the session.
 */
export function refresh(
  context: ClientContext,
  underWay: RefreshesUnderWay,
  refreshToken: string,
): Promise<Tokens> {
  const known = underWay.get(refreshToken);
  if (known !== undefined) return known;
  const parameters = { refresh_token: refreshToken };
  const call = grant(context, 'refresh_token', parameters, { hidden: [refreshToken] }).finally(() =>
    underWay.delete(refreshToken),
  );
  underWay.set(refreshToken, call);
  return call;
}
