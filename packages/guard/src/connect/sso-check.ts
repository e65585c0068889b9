import { readCookie, toSetCookie } from '../session/internal.ts';
import { type ConnectRequest, type ConnectResponse, isSecure } from './request.ts';

/** Says that Keycloak was just asked whether the person is signed in there, and said no. */
const NAME = 'keycloak-sso-checked';
/** As long as a browser may take from one address to the next. */
const MAX_AGE_SECONDS = 30;

export function markChecked(request: ConnectRequest, response: ConnectResponse): void {
  response.appendHeader('set-cookie', toCookie(request, '1', MAX_AGE_SECONDS));
}

/** True once. */
export function takeMark(request: ConnectRequest, response: ConnectResponse): boolean {
  if (readCookie(request.headers.cookie, NAME) === undefined) return false;
  response.appendHeader('set-cookie', toCookie(request, '', 0));
  return true;
}

function toCookie(request: ConnectRequest, value: string, maxAgeSeconds: number): string {
  return toSetCookie({ name: NAME, value, secure: isSecure(request), maxAgeSeconds });
}
