import { headerOf } from '../core/internal.ts';
import type { CookieAuthenticator } from './authenticator.ts';
import type { SessionContext } from './context.ts';
import { readCookie } from './cookies.ts';
import type { SessionRequest } from './request.ts';

/** The access token of the signed-in user; `null` if no one is signed in. */
export async function accessTokenOf(
  { keeper, placeOf }: SessionContext,
  authenticate: CookieAuthenticator,
  request: SessionRequest,
): Promise<string | null> {
  // This renews and ends sessions as needed.
  const { principal } = await authenticate(request);
  if (principal === null) return null;
  const cookie = readCookie(headerOf(request.headers, 'cookie'), placeOf(request).cookies.session);
  const session = cookie === undefined ? null : await keeper.find(cookie);
  return session?.record.accessToken ?? null;
}
