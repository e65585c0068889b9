import { toJsonObject } from '../../core/internal.ts';
import { assertSameOrigin, isHarmless, readCookie, toSetCookie } from '../../session/internal.ts';
import {
  type ConnectRequest,
  type ConnectResponse,
  cookieOf,
  isSecure,
  nameOnHost,
  originOf,
  setCookie,
} from './request.ts';
import { define, type GrantStore, TOKEN_KEY } from './stores.ts';

/**
 * Keeps grants in a cookie that only this host can set (on https), and that scripts cannot read. A request that changes
 * something must come from a page of this origin.
 */
export const cookieStore: GrantStore = {
  get(request) {
    const json = readOwn(request);
    return json === undefined ? undefined : toJsonObject(json);
  },
  wrap(grant) {
    define(
      grant,
      (request, response) => {
        const json = grant.__raw;
        if (json === undefined || json === readOwn(request)) return;
        setGrantCookie(json, request, response);
        if (isSecure(request)) clear(TOKEN_KEY, request, response);
      },
      drop,
    );
  },
  assertOrigin(request) {
    if (!isHarmless(request)) assertSameOrigin(request, originOf(request));
  },
  drop,
};

function drop(request: ConnectRequest, response: ConnectResponse): void {
  for (const name of new Set([nameOf(request), TOKEN_KEY])) clear(name, request, response);
}

function clear(name: string, request: ConnectRequest, response: ConnectResponse): void {
  if (readCookie(request.headers.cookie, name) === undefined) return;
  const cookie = { name, value: '', secure: isSecure(request), maxAgeSeconds: 0 };
  response.appendHeader('set-cookie', toSetCookie(cookie));
}

const nameOf = (request: ConnectRequest): string => nameOnHost(TOKEN_KEY, isSecure(request));
const readOwn = (request: ConnectRequest): string | undefined => cookieOf(request, TOKEN_KEY);

/**
 * Browsers drop a cookie of more than 4,096 octets. The ID token goes first: only signing out needs it, and without it
 * Keycloak asks the person to confirm.
 *
 * @throws {TypeError} if it does not fit even then
 */
function setGrantCookie(json: string, request: ConnectRequest, response: ConnectResponse): void {
  try {
    setCookie(request, response, { name: TOKEN_KEY, value: json });
  } catch {
    const { id_token, ...rest } = JSON.parse(json);
    setCookie(request, response, { name: TOKEN_KEY, value: JSON.stringify(rest) });
  }
}
