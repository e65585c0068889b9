import {
  assertSameOrigin,
  isHarmless,
  readCookie,
  readCredentials,
  toJsonObject,
  toSetCookie,
} from 'keycloak-guard/unstable/connect';
import type { Grant } from './grant.ts';
import {
  type ConnectRequest,
  type ConnectResponse,
  cookieOf,
  isSecure,
  nameOnHost,
  originOf,
  sessionOf,
  setCookie,
} from './request.ts';

/** Reads the grant of a request, and keeps it between requests. */
export interface GrantStore {
  /** The grant of a request, as JSON or as an object. `undefined` if there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON
  get(request: ConnectRequest): any;
  /** Adds the methods `store` and `unstore` to a grant. */
  wrap?(grant: Grant): void;
  /** @throws {AuthError} `cross_origin_request`, if the page of another origin may have sent the request */
  assertOrigin?(request: ConnectRequest): void;
  /** Removes the grant of a session, by the session's id. */
  clear?(sessionId: string): void;
  /** Reads the grant again, because another process may have changed it since the request came. */
  reload?(request: ConnectRequest): Promise<unknown>;
  /** Removes the grant of a request's session. */
  drop?(request: ConnectRequest, response: ConnectResponse): void;
}

/** Name of the session's member and of the cookie. */
export const TOKEN_KEY = 'keycloak-token';

/** Reads the bearer token of a request (RFC 6750 §2.1). */
export const bearerStore: GrantStore = {
  get(request) {
    const token = readBearer(request);
    return typeof token === 'string' ? { access_token: token } : undefined;
  },
};

/** The bearer token, or the error if it cannot be read. `undefined` without the header, or if it has another scheme. */
export function readBearer(request: ConnectRequest): string | Error | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined || !/^bearer(\s|$)/i.test(authorization)) return undefined;
  return readCredentials(request);
}

type SessionData = { [TOKEN_KEY]?: string } | null | undefined;

interface SessionBackend {
  get(sessionId: string, callback: (error: unknown, session?: SessionData) => void): void;
  set(sessionId: string, session: object, callback?: (error?: unknown) => void): void;
}

/** Keeps grants as JSON in a member of express-session's session. */
export function createSessionStore(backend: SessionBackend): GrantStore & { readonly store: SessionBackend } {
  const load = (sessionId: string): Promise<SessionData> =>
    new Promise((resolve, reject) => {
      backend.get(sessionId, (error, session) => (error ? reject(error) : resolve(session)));
    });
  return {
    store: backend,
    get: (request) => sessionOf(request)?.[TOKEN_KEY],
    wrap(grant) {
      define(
        grant,
        (request) => {
          const session = sessionOf(request);
          if (session !== undefined && grant.__raw !== undefined) session[TOKEN_KEY] = grant.__raw;
        },
        drop,
      );
    },
    clear(sessionId) {
      load(sessionId).then(
        (session) => {
          if (!session) return;
          delete session[TOKEN_KEY];
          backend.set(sessionId, session, () => {});
        },
        // Its tokens are refused anyway: the push has revoked them.
        () => {},
      );
    },
    async reload({ sessionID }) {
      return sessionID === undefined ? undefined : (await load(sessionID))?.[TOKEN_KEY];
    },
    drop,
  };

  function drop(request: ConnectRequest): void {
    delete sessionOf(request)?.[TOKEN_KEY];
  }
}

type Keep = (request: ConnectRequest, response: ConnectResponse) => void;

/** Not enumerable, so that they do not show as a part of the grant. */
function define(grant: Grant, store: Keep, unstore: Keep): void {
  Object.defineProperties(grant, {
    store: { value: store, configurable: true, writable: true },
    unstore: { value: unstore, configurable: true, writable: true },
  });
}

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
