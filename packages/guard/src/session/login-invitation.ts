import { redirectTo, type SessionAnswer } from './answer.ts';
import type { SessionContext } from './context.ts';
import { isPageRequest, pagePathOf } from './page-request.ts';
import type { SessionRequest } from './request.ts';

/**
 * The redirect to the login and back if a browser asks for a page and no one is signed in; `null` for other requests.
 */
export function inviteToLogin(
  { options, placeOf }: SessionContext,
  request: SessionRequest,
): SessionAnswer | null {
  if (!options.redirectToLogin || !isPageRequest(request)) return null;
  const place = placeOf(request);
  const returnTo = encodeURIComponent(pagePathOf(place, request));
  return redirectTo(`${place.path}${options.prefix}/login?return_to=${returnTo}`);
}
