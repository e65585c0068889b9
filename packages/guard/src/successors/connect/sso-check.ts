import { readCookie, toSetCookie } from '../../session/internal.ts';
import { type ConnectRequest, type ConnectResponse, isSecure, nameOnHost } from './request.ts';

/** Cookie that marks a browser that Keycloak has just called signed out. */
const NAME = 'keycloak-sso-checked';
/** Time for the browser to follow a redirect. */
const MAX_AGE_SECONDS = 30;

export function markChecked(request: ConnectRequest, response: ConnectResponse): void {
  response.appendHeader('set-cookie', toCookie(request, '1', MAX_AGE_SECONDS));
}

/** Whether the mark is set. Removes it. */
export function takeMark(request: ConnectRequest, response: ConnectResponse): boolean {
  if (readCookie(request.headers.cookie, nameOnHost(NAME, isSecure(request))) === undefined) return false;
  response.appendHeader('set-cookie', toCookie(request, '', 0));
  return true;
}

function toCookie(request: ConnectRequest, value: string, maxAgeSeconds: number): string {
  const secure = isSecure(request);
  return toSetCookie({ name: nameOnHost(NAME, secure), value, secure, maxAgeSeconds });
}
