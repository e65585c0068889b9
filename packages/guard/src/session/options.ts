import type { KeycloakClient } from '../client/index.ts';
import type { Principal } from '../core/index.ts';
import { isPlainObject, type OptionRule, type OptionRules, optionRules } from '../core/internal.ts';
import type { OnSessionEvent } from './events.ts';
import type { SessionStore } from './record/store.ts';

// The options and their rules alone: adapters check them before they load sessions.

/** Other parameters of the authorization endpoint, for example `{ ui_locales: 'de' }`. */
export type AuthorizationParameters = Readonly<Record<string, string>>;

/** The same for every login, or by a function of a request. */
export type AuthorizationParametersOf<Source> =
  | AuthorizationParameters
  | ((request: Source) => AuthorizationParameters | undefined | Promise<AuthorizationParameters | undefined>);

/** Options of browser sessions. `Source` is a framework's own request, for `onEvent`. */
export interface SessionOptions<Source = unknown> {
  /** This app as a client of Keycloak, with the standard flow on: `createClient({ … })`. */
  readonly client: KeycloakClient;
  /**
   * Signs cookies and encrypts sessions: at least 32 characters, random. Of several the first is used and all are
   * accepted. So a secret can be replaced without signing anybody out: `[old, new]` in every process, then `[new, old]`, and
   * `[new]` after `maxSeconds`.
   */
  readonly secret: string | readonly string[];
  /**
   * Where browsers reach this app, for example `https://app.example.com`; may have a path. Default: scheme and host
   * of each request (behind a proxy that needs Fastify's `trustProxy`, or what another framework has for it).
   */
  readonly publicUrl?: string | undefined;
  /**
   * Name of the session cookie; on https `__Host-` comes before it. Logins under way have cookies of this name too, with
   * `-login-…` behind it. Apps on one host need different names, even at other ports and paths. Letters, digits,
   * `-`, `_`, `.`; at most 80. Default: `session-<client id>`, with `-` for what cannot stand in a name.
   */
  readonly cookieName?: string | undefined;
  /** Where sessions are kept. Default: memory, for one process. */
  readonly store?: SessionStore | undefined;
  /** A session ends after this long without use. Unit: seconds, 60 to 31,536,000. Default 1,800. */
  readonly idleSeconds?: number | undefined;
  /** A session ends after this long, used or not. Unit: seconds, 60 to 31,536,000. Default 36,000. */
  readonly maxSeconds?: number | undefined;
  /** Start of the paths: `/auth/login`, `/auth/callback`, `/auth/session`, `/auth/logout`. Default `/auth`. */
  readonly prefix?: string | undefined;
  /**
   * Path to go to after a logout. Keycloak has to know `<public URL><afterLogout>` as a post logout redirect URI. Default
   * `/`.
   */
  readonly afterLogout?: string | undefined;
  /**
   * Whether a guard sends the browser to the login, and back, if a page is requested and no one is signed in. False: a
   * guard answers 401 to browsers too, as it always does to programs and scripts. Default true.
   */
  readonly redirectToLogin?: boolean | undefined;
  /** Scopes to ask for, separated by one space, `openid` among them. Default `openid`. */
  readonly scope?: string | undefined;
  /**
   * Whether a page that a guard refuses because of its `acr` or `maxAge` is sent to Keycloak to sign in that way, and comes
   * back. Everything that is not a page gets the refusal. Default true.
   */
  readonly stepUp?: boolean | undefined;
  /**
   * Alias of the identity provider that Keycloak sends people on to, past its own form. `/auth/login?idp_hint=…` asks for
   * another one. Default: Keycloak's form.
   */
  readonly idpHint?: string | undefined;
  /**
   * Other parameters of the authorization endpoint, or a function that returns them for a request; they win over `prompt`,
   * `login_hint` and `idp_hint` in the query. Those that make the login safe cannot be set.
   */
  readonly authorizationParameters?: AuthorizationParametersOf<Source> | undefined;
  /**
   * Called when a user has signed in, before the session begins: to store a profile, or to admit only some users.
   * If it returns false or throws an `AuthError`, the sign-in is refused with 403; another error is a
   * fault.
   */
  readonly onLogin?: ((principal: Principal, request: Source) => unknown | Promise<unknown>) | undefined;
  /** Most sessions kept decrypted in this process, about 6 KiB each; 0 keeps none. Default 10,000. */
  readonly maxCachedSessions?: number | undefined;
  /** Called when a session starts or ends, for an audit log. */
  readonly onEvent?: OnSessionEvent<Source> | undefined;
  /** Time now. Unit: milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

/** These make a login safe: nobody may choose them (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 9101 §5). */
const RESERVED: ReadonlySet<string> = new Set([
  ...['client_id', 'response_type', 'response_mode', 'redirect_uri', 'scope', 'state', 'nonce'],
  ...['code_challenge', 'code_challenge_method', 'request', 'request_uri'],
]);
export const AUTHORIZATION_PARAMETERS: OptionRule & { readonly default: AuthorizationParameters } = {
  rule: `must be strings by name in a plain object, or a function that returns them; none of ${[...RESERVED].join(', ')}`,
  example: "{ ui_locales: 'de' }",
  accepts: (value) => typeof value === 'function' || areParameters(value),
  default: {},
};

export function areParameters(value: unknown): value is AuthorizationParameters {
  if (!isPlainObject(value)) return false;
  return Object.entries(value).every(([name, text]) => typeof text === 'string' && !RESERVED.has(name));
}

/**
 * Whether a name may be chosen. Not with `__` in front: names such as `__Host-` and `__Secure-` mean something to
 * browsers, and the right one is put there by itself.
 */
function isCookieName(name: unknown): boolean {
  return typeof name === 'string' && /^[A-Za-z0-9][\w.-]{0,79}$/.test(name);
}

const SHORTEST_SECRET = 32;
const LONGEST_SECONDS = 31_536_000;

const isPath = (value: unknown): boolean =>
  typeof value === 'string' && (/^(\/[\w.~-]+)+$/.test(value) || value === '/');

export const SESSION_RULES = {
  client: optionRules.required({
    rule: 'must be a client',
    example: 'createClient({ … })',
    accepts: isClient,
  }),
  secret: optionRules.required({
    rule: `must be random and have at least ${SHORTEST_SECRET} characters`,
    example: "'<openssl rand -hex 32>'",
    accepts: (value) => [value].flat().length > 0 && [value].flat().every(isStrongSecret),
  }),
  publicUrl: {
    rule: 'must be an http or https URL without a query',
    example: "'https://app.example.com'",
    accepts: isPublicUrl,
  },
  cookieName: {
    rule: 'must be letters, digits, - _ . and begin with one of the first two, at most 80',
    example: "'my-app-session'",
    accepts: isCookieName,
  },
  store: optionRules.having(
    'a SessionStore',
    ['get', 'create', 'replace', 'touch', 'delete', 'lock', 'remaining'],
    'createRedisSessionStore(connection)',
  ),
  idleSeconds: optionRules.whole(60, LONGEST_SECONDS, 1_800),
  maxSeconds: optionRules.whole(60, LONGEST_SECONDS, 36_000),
  prefix: {
    rule: 'must be a path without a slash at the end',
    example: "'/auth'",
    accepts: (value) => isPath(value) && value !== '/',
    default: '/auth',
  },
  afterLogout: { rule: 'must be a path', example: "'/'", accepts: isPath, default: '/' },
  redirectToLogin: optionRules.trueOrFalse(true),
  scope: {
    rule: 'must be scopes, separated by one space, with openid among them',
    example: "'openid profile'",
    // Without openid Keycloak sends no ID token (OpenID Connect Core §3.1.2.1).
    accepts: (value) => optionRules.SCOPES.accepts(value) && String(value).split(' ').includes('openid'),
    default: 'openid',
  },
  stepUp: optionRules.trueOrFalse(true),
  idpHint: optionRules.string('must be the alias of an identity provider', "'google'"),
  authorizationParameters: AUTHORIZATION_PARAMETERS,
  onLogin: optionRules.callable('(principal) => saveProfile(principal)'),
  maxCachedSessions: optionRules.whole(0, 10_000_000, 10_000),
  onEvent: optionRules.callable('(event) => audit(event)'),
  clock: optionRules.CLOCK,
} satisfies OptionRules<SessionOptions>;

function isClient(value: unknown): boolean {
  const { startAuthorization, clientId } = (value ?? {}) as Partial<KeycloakClient>;
  return typeof startAuthorization === 'function' && typeof clientId === 'string';
}

/**
 * Whether a secret may sign sessions: it must be long, and not repeat itself. A generator's passes; one that a person makes up
 * often does not.
 *
 * @example
 * isStrongSecret('changeme'); // false
 */
export function isStrongSecret(secret: unknown): boolean {
  return typeof secret === 'string' && secret.length >= SHORTEST_SECRET && new Set(secret).size >= 10;
}

function isPublicUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && url.search + url.hash + url.username + url.password === '';
}

/** The paths at which the framework has to call the methods of these names. */
export interface SessionPaths {
  /** `GET` */
  readonly startLogin: string;
  /** `GET`, and not `HEAD` */
  readonly finishLogin: string;
  /** `GET` */
  readonly describe: string;
  /** `POST`; a body is not read */
  readonly signOut: string;
  /** `GET` */
  readonly refused: string;
}

/** All of them below one prefix. */
export const toPaths = (prefix: string): SessionPaths => ({
  startLogin: `${prefix}/login`,
  finishLogin: `${prefix}/callback`,
  describe: `${prefix}/session`,
  signOut: `${prefix}/logout`,
  refused: `${prefix}/refused`,
});
