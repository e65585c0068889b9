import type { TokenVerifier } from '../core/index.ts';
import { headerOf, toWrittenOrigin, withoutEndSlashes } from '../core/internal.ts';
import { type Cookies, createCookiesFor, readCookies } from './cookie/cookies.ts';
import type { Sealer } from './cookie/seal.ts';
import type { SessionRequest } from './http/request.ts';
import { toPaths } from './options.ts';
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

/** Of several, the one that was signed here: a sibling host may set others, on plain http. Two that were signed here are none. */
export function sessionCookieOf(context: SessionContext, request: SessionRequest): string | undefined {
  const header = headerOf(request.headers, 'cookie');
  if (header === undefined) return undefined;
  const values = readCookies(header, context.addressOf(request).cookies.session);
  if (values.length < 2) return values[0];
  const [own, ...others] = new Set(values.filter(context.keeper.isOurs));
  return others.length === 0 ? own : undefined;
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

/** The path of the login, as the browser knows it. */
export const loginPathOf = (
  { prefix }: Pick<ResolvedSessionOptions, 'prefix'>,
  { path }: Pick<AppAddress, 'path'>,
): string => `${path}${toPaths(prefix).startLogin}`;

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
    const origin = toWrittenOrigin(request.origin ?? originOf(request.url));
    return { origin, baseUrl: origin, path: '', cookies: cookiesFor(origin) };
  };
}

function originOf(url: string): string {
  if (URL.canParse(url)) return new URL(url).origin;
  throw new TypeError(
    'Sessions have to know where the app is: set publicUrl, or give the origin of requests',
  );
}
