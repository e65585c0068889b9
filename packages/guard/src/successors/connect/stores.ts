import { readCredentials } from '../../core/internal.ts';
import type { Grant } from './grant.ts';
import { type ConnectRequest, type ConnectResponse, sessionOf } from './request.ts';

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
export function define(grant: Grant, store: Keep, unstore: Keep): void {
  Object.defineProperties(grant, {
    store: { value: store, configurable: true, writable: true },
    unstore: { value: unstore, configurable: true, writable: true },
  });
}
