import type { TokenVerifier } from '../core/index.ts';
import { headerOf, withoutEndSlashes } from '../core/internal.ts';
import { type Cookies, createCookiesFor, readCookie } from './cookie/cookies.ts';
import type { Sealer } from './cookie/seal.ts';
import type { SessionRequest } from './http/request.ts';
import type { SessionKeeper } from './record/keeper.ts';
import type { ResolvedSessionOptions } from './resolved-options.ts';

export interface SessionContext {
  readonly options: ResolvedSessionOptions;
  readonly keeper: SessionKeeper;
  readonly sealer: Sealer;
  readonly verifier: TokenVerifier;
  readonly addressOf: AddressOf;
  /** Whether organizations are the tenants: then a session acts for one, or none. */
  readonly hasOrganizations: boolean;
}

export function sessionCookieOf(
  { addressOf }: Pick<SessionContext, 'addressOf'>,
  request: SessionRequest,
): string | undefined {
  return readCookie(headerOf(request.headers, 'cookie'), addressOf(request).cookies.session);
}

/** The address of this app, as the browser knows it, with the cookies that belong to it. */
export interface AppAddress {
  /** Scheme, host and port. */
  readonly origin: string;
  /** The same, with the path under which the app is reached. */
  readonly baseUrl: string;
  /** That path alone: empty, or without a slash at the end. */
  readonly path: string;
  readonly cookies: Cookies;
}

export type AddressOf = (request: SessionRequest) => AppAddress;

export function createAddressOf({
  publicUrl,
  cookieName,
}: Pick<ResolvedSessionOptions, 'publicUrl' | 'cookieName'>): AddressOf {
  const cookiesFor = createCookiesFor(cookieName);
  if (publicUrl !== undefined) {
    const { origin, pathname } = new URL(publicUrl);
    const path = withoutEndSlashes(pathname);
    // Parsed: an empty query would end up in the middle of every address.
    const fixed: AppAddress = { origin, baseUrl: origin + path, path, cookies: cookiesFor(origin) };
    return () => fixed;
  }
  return (request) => {
    const origin = toWritten(request.origin ?? originOf(request.url));
    return { origin, baseUrl: origin, path: '', cookies: cookiesFor(origin) };
  };
}

/** Written so already: most requests need no more. */
const WRITTEN = /^https?:\/\/[\da-z.-]+$/;

/**
 * As browsers and Keycloak write it (RFC 6454 §6.2): proxies name the port of https too (nginx's `$host:$server_port`), or the scheme
 * in capitals. All else is left as it is, and refused at the login.
 */
const toWritten = (origin: string): string =>
  WRITTEN.test(origin) || !isOrigin(origin) ? origin : new URL(origin).origin;

/** RFC 1035 §2.3.4: no name is longer. */
const LONGEST_HOST = 253;

/** Whether it is scheme, host and port alone. */
export function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { hostname, pathname, search, hash, username, password } = new URL(text);
  const rest = pathname + search + hash + username + password;
  return hostname.length <= LONGEST_HOST && rest === '/';
}

function originOf(url: string): string {
  if (URL.canParse(url)) return new URL(url).origin;
  throw new TypeError(
    'Sessions have to know where the app is: set publicUrl, or give the origin of requests',
  );
}
