import { type ConnectRequest, type ConnectResponse, cookieOf, setCookie } from './request.ts';

/** Cookie that marks a browser that Keycloak has just called signed out. */
const name = 'keycloak-sso-checked';
/** Time for the browser to follow a redirect. */
const MAX_AGE_SECONDS = 30;

export function markChecked(request: ConnectRequest, response: ConnectResponse): void {
  setCookie(request, response, { name, value: '1', maxAgeSeconds: MAX_AGE_SECONDS });
}

/** Whether the mark is set. Removes it. */
export function takeMark(request: ConnectRequest, response: ConnectResponse): boolean {
  if (cookieOf(request, name) === undefined) return false;
  setCookie(request, response, { name, value: '', maxAgeSeconds: 0 });
  return true;
}
