import { redirectTo, type SessionAnswer } from './answer.ts';
import type { SessionContext } from './context.ts';
import { isPageRequest } from './page-request.ts';
import { queryOf, type SessionRequest } from './request.ts';

/** Sends who wanted a page and is not signed in to the login, and back to that page; `null` for every other request. */
export function inviteToLogin(
  { options, placeOf }: SessionContext,
  request: SessionRequest,
): SessionAnswer | null {
  if (!options.redirectToLogin || !isPageRequest(request)) return null;
  const { path } = placeOf(request);
  const wanted = `${pathOf(request.url)}${queryOf(request.url)}`;
  // A proxy in front may have taken the path away under which the app is reached.
  const back = path === '' || wanted === path || wanted.startsWith(`${path}/`) ? wanted : `${path}${wanted}`;
  return redirectTo(`${path}${options.prefix}/login?return_to=${encodeURIComponent(back)}`);
}

/** Of a whole URL as well. */
function pathOf(url: string): string {
  const [path = ''] = url.replace(/^https?:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
  return path === '' ? '/' : path;
}
