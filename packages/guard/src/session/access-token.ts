import { headerOf } from '../core/internal.ts';
import type { CookieAuthenticator } from './authenticator.ts';
import type { SessionContext } from './context.ts';
import { readCookie } from './cookies.ts';
import type { SessionRequest } from './request.ts';

/** The access token of the person who is signed in; `null` where nobody is. */
export async function accessTokenOf(
  { keeper, placeOf }: SessionContext,
  authenticate: CookieAuthenticator,
  request: SessionRequest,
): Promise<string | null> {
  // It renews what has to be renewed, and ends what is over.
  const { principal } = await authenticate(request);
  if (principal === null) return null;
  const cookie = readCookie(headerOf(request.headers, 'cookie'), placeOf(request).cookies.session);
  const session = cookie === undefined ? null : await keeper.find(cookie);
  return session?.record.accessToken ?? null;
}
