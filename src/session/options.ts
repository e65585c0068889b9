import type { KeycloakClient } from '../client/index.ts';
import { type OptionProblem, OptionsError } from '../core/index.ts';
import { isCookieName, toCookieName } from './cookie-name.ts';
import { createMemorySessionStore } from './memory-session-store.ts';
import { createTeller, type OnSessionEvent, type TellSession } from './session-events.ts';
import type { SessionStore } from './session-store.ts';

/** Options of {@link keycloakSession}. */
export interface SessionOptions {
  /** This app as a client of Keycloak, with the standard flow on: `createClient({ … })`. */
  readonly client: KeycloakClient;
  /**
   * Signs cookies and encrypts sessions: at least 32 characters, random. Of several the first is used and all are
   * accepted; a cookie of another is signed anew on use. So a secret can be replaced without signing anybody out:
   * `[old, new]` in every process, then `[new, old]`, and `[new]` after `idleSeconds`.
   */
  readonly secret: string | readonly string[];
  /**
   * Where browsers reach this app, for example `https://app.example.com`; may have a path. Default: scheme and host
   * of each request (behind a proxy that needs Fastify's `trustProxy`).
   */
  readonly publicUrl?: string | undefined;
  /**
   * Name of the session cookie; on https `__Host-` comes before it. Logins under way have cookies of this name too, with
   * `-login-…` behind it. Apps on one host need names of their own, at other ports and paths as well. Letters, digits,
   * `-`, `_`, `.`; at most 80. Default: `session-<client id>`, with `-` for what cannot stand in a name.
   */
  readonly cookieName?: string | undefined;
  /** Default: memory, for one process. */
  readonly store?: SessionStore | undefined;
  /** A session ends when it was not used for so long. Unit: seconds, 60 to 31,536,000. Default 1,800. */
  readonly idleSeconds?: number | undefined;
  /** A session ends after so long, used or not. Unit: seconds, 60 to 31,536,000. Default 36,000. */
  readonly maxSeconds?: number | undefined;
  /** Start of the paths: `/auth/login`, `/auth/callback`, `/auth/session`, `/auth/logout`. Default `/auth`. */
  readonly prefix?: string | undefined;
  /**
   * Path to go to after a logout. Keycloak has to know `<public URL><afterLogout>` as a post logout redirect URI. Default
   * `/`.
   */
  readonly afterLogout?: string | undefined;
  /** Scopes to ask for, separated by one space. Default `openid`. */
  readonly scope?: string | undefined;
  /** Most sessions kept decrypted in this process, about 6 KiB each; 0 keeps none. Default 10,000. */
  readonly maxCachedSessions?: number | undefined;
  /** Told when a session starts or ends, for an audit log. */
  readonly onEvent?: OnSessionEvent | undefined;
  /** Time now. Unit: milliseconds since 1970. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

/** {@link SessionOptions} with every default filled in. Times in milliseconds. */
export interface ResolvedSessionOptions {
  readonly client: KeycloakClient;
  readonly secrets: readonly string[];
  readonly publicUrl: string | undefined;
  readonly cookieName: string;
  readonly store: SessionStore;
  readonly idleMs: number;
  readonly maxMs: number;
  readonly prefix: string;
  readonly afterLogout: string;
  readonly scope: string;
  readonly maxCachedSessions: number;
  readonly tell: TellSession;
  readonly clock: () => number;
}

const SHORTEST_SECRET = 32;
const LONGEST_SECONDS = 31_536_000;

/** @throws {OptionsError} naming every option that is missing or wrong */
export function resolveSessionOptions(options: SessionOptions): ResolvedSessionOptions {
  const secrets = [options.secret].flat();
  const problems: OptionProblem[] = [];
  const check = (option: keyof SessionOptions, isRight: boolean, rule: string, example: string): void => {
    if (!isRight) problems.push({ option, rule, example });
  };
  const isSeconds = (value: number | undefined): boolean =>
    value === undefined || (Number.isInteger(value) && value >= 60 && value <= LONGEST_SECONDS);
  const isPath = (value: string | undefined): boolean =>
    value === undefined || /^(\/[\w.~-]+)+$/.test(value) || value === '/';

  check(
    'client',
    typeof options.client?.startAuthorization === 'function' && typeof options.client.clientId === 'string',
    'must be a client',
    'createClient({ … })',
  );
  const isSecret = secrets.length > 0 && secrets.every(isStrongSecret);
  check(
    'secret',
    isSecret,
    `must be random and have at least ${SHORTEST_SECRET} characters`,
    "'<openssl rand -hex 32>'",
  );
  check(
    'publicUrl',
    isPublicUrl(options.publicUrl),
    'must be an http or https URL without a query',
    "'https://app.example.com'",
  );
  const { cookieName } = options;
  check(
    'cookieName',
    cookieName === undefined || isCookieName(cookieName),
    'must be letters, digits, - _ . and begin with one of the first two, at most 80',
    "'my-app-session'",
  );
  const seconds = `must be a whole number from 60 to ${LONGEST_SECONDS}`;
  check('idleSeconds', isSeconds(options.idleSeconds), seconds, '1800');
  check('maxSeconds', isSeconds(options.maxSeconds), seconds, '36000');
  check(
    'prefix',
    isPath(options.prefix) && options.prefix !== '/',
    'must be a path without a slash at the end',
    "'/auth'",
  );
  check('afterLogout', isPath(options.afterLogout), 'must be a path', "'/'");
  if (problems.length > 0) throw new OptionsError('keycloakSession', problems);

  const clock = options.clock ?? Date.now;
  return Object.freeze({
    client: options.client,
    secrets,
    publicUrl: options.publicUrl?.replace(/\/+$/, ''),
    cookieName: cookieName ?? toCookieName(options.client.clientId),
    store: options.store ?? createMemorySessionStore({ clock }),
    idleMs: (options.idleSeconds ?? 1_800) * 1000,
    maxMs: (options.maxSeconds ?? 36_000) * 1000,
    prefix: options.prefix ?? '/auth',
    afterLogout: options.afterLogout ?? '/',
    scope: options.scope ?? 'openid',
    maxCachedSessions: options.maxCachedSessions ?? 10_000,
    tell: createTeller(options.onEvent),
    clock,
  });
}

/** Long, and not one thing over and over. What was made by a generator is; what a person makes up often is not. */
export function isStrongSecret(secret: unknown): boolean {
  return typeof secret === 'string' && secret.length >= SHORTEST_SECRET && new Set(secret).size >= 10;
}

function isPublicUrl(value: string | undefined): boolean {
  if (value === undefined) return true;
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && url.search + url.hash + url.username + url.password === '';
}
