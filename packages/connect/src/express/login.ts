import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { toReturnPath } from 'keycloak-guard/unstable/connect';
import {
  type ConnectRequest,
  type ConnectResponse,
  cookieOf,
  originOf,
  setCookie,
  urlOf,
} from './request.ts';

/** Binds a login to the browser that began it (`state`), to its ID token (`nonce`) and to its code (PKCE). */
export interface Login {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
}

/** Keycloak's answer, as the browser brought it back. */
export interface LoginAnswer {
  /** `null` if this browser did not begin the login. */
  readonly login: Login | null;
  /** Keycloak's parameters, without the application's own. */
  readonly parameters: URLSearchParams;
  /** The page that was asked for, without Keycloak's parameters, always on this host. */
  readonly returnTo: string;
  /** Whether the browser keeps cookies. */
  readonly hasCookie: boolean;
}

/** 30 days, so that pages which ask for a login at the same time share one cookie. */
const MAX_AGE_SECONDS = 2_592_000;
const NAME = 'keycloak-login';
const MARK = 'auth_callback=1';
const QUERY = 'auth_query';
const WITH_QUERY = new RegExp(`^([^?]*)\\?${QUERY}=([^&]*)$`);

/**
 * Derives `state`, nonce and code verifier from one random cookie and the random part of `state`. So any number of logins
 * may be under way, the server keeps nothing, and neither nonce nor code verifier is stored.
 *
 * @see RFC 9700 §2.1.1, §4.7; OpenID Connect Core 1.0 §3.1.2.1
 */
export function beginLogin(request: ConnectRequest, response: ConnectResponse): Login {
  const redirectUri = `${originOf(request)}${withoutNames(urlOf(request))}${MARK}`;
  let secret = readSecret(request);
  if (secret === undefined) {
    secret = randomBytes(32).toString('base64url');
    setCookie(request, response, { name: NAME, value: secret, maxAgeSeconds: MAX_AGE_SECONDS });
  }
  return toLogin(secret, randomBytes(16).toString('base64url'), redirectUri);
}

/**
 * The page's own query as one parameter: Keycloak 26.7.3 refuses a redirect URI with a parameter of its answer (`code`, `state`,
 * `error` …), which may be the name of a page's parameter.
 */
function withoutNames(url: string): string {
  const [, path = '/', query] = /^([^?]*)\??(.*)$/.exec(url) ?? [];
  return `${path}?${query ? `${QUERY}=${encodeURIComponent(query)}&` : ''}`;
}

/** The page that {@link withoutNames} made this of. */
function withNames(url: string): string {
  const [, path, query] = WITH_QUERY.exec(url) ?? [];
  try {
    return query === undefined ? url : `${path}?${decodeURIComponent(query)}`;
  } catch {
    return url;
  }
}

/** The query that a login adds to the login page's address. */
export function toLoginQuery({ nonce, codeVerifier }: Login): string {
  const challenge = createHash('sha256').update(codeVerifier).digest('base64url');
  return `&nonce=${nonce}&code_challenge=${challenge}&code_challenge_method=S256`;
}

/** Keycloak's answer in a request, or `undefined` if the request carries none. */
export function readLoginAnswer(request: ConnectRequest): LoginAnswer | undefined {
  const url = urlOf(request);
  if (!url.includes(MARK)) return undefined;
  // The last mark: everything before it belongs to the application.
  const mark = Math.max(url.lastIndexOf(`?${MARK}&`), url.lastIndexOf(`&${MARK}&`));
  if (mark === -1) return undefined;
  const origin = originOf(request);
  const end = mark + 1 + MARK.length;
  const parameters = new URLSearchParams(url.slice(end + 1));
  const secret = readSecret(request);
  const states = parameters.getAll('state');
  const login =
    secret === undefined || states.length !== 1
      ? null
      : recognize(secret, states[0] as string, `${origin}${url.slice(0, end)}`);
  return {
    login,
    parameters,
    returnTo: toReturnPath(withNames(url.slice(0, mark)), origin, '/'),
    hasCookie: secret !== undefined,
  };
}

function recognize(secret: string, state: string, redirectUri: string): Login | null {
  const login = toLogin(secret, state.slice(0, state.indexOf('.')), redirectUri);
  const [actual, expected] = [Buffer.from(state), Buffer.from(login.state)];
  return actual.length === expected.length && timingSafeEqual(actual, expected) ? login : null;
}

function toLogin(secret: string, id: string, redirectUri: string): Login {
  const derive = (what: string): string =>
    createHmac('sha256', secret).update(`${what} ${id}`).digest('base64url');
  return {
    state: `${id}.${derive('state')}`,
    nonce: derive('nonce'),
    codeVerifier: derive('code verifier'),
    redirectUri,
  };
}

function readSecret(request: ConnectRequest): string | undefined {
  const secret = cookieOf(request, NAME);
  return secret !== undefined && /^[\w-]{43}$/.test(secret) ? secret : undefined;
}

const logins = new WeakMap<object, Login>();

/** Remembers which login the code of a request belongs to. */
export function bindLogin(request: object, login: Login): void {
  logins.set(request, login);
}

export function loginOf(request: unknown): Login | undefined {
  return typeof request === 'object' && request !== null ? logins.get(request) : undefined;
}

/** Cookie that marks a browser that Keycloak has just called signed out. */
const name = 'keycloak-sso-checked';
/** Time for the browser to follow a redirect. */
const SSO_SECONDS = 30;

export function markChecked(request: ConnectRequest, response: ConnectResponse): void {
  setCookie(request, response, { name, value: '1', maxAgeSeconds: SSO_SECONDS });
}

/** Whether the mark is set. Removes it. */
export function takeMark(request: ConnectRequest, response: ConnectResponse): boolean {
  if (cookieOf(request, name) === undefined) return false;
  setCookie(request, response, { name, value: '', maxAgeSeconds: 0 });
  return true;
}
