import { type Cookies, createCookiesFor } from './cookies.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { SessionRequest } from './request.ts';

/** Where the browser believes this app to be. */
export interface Place {
  /** Scheme, host and port. */
  readonly origin: string;
  /** The same, with the path under which the app is reached. */
  readonly baseUrl: string;
  /** That path alone: empty, or without a slash at the end. */
  readonly path: string;
  readonly cookies: Cookies;
}

export type PlaceFinder = (request: SessionRequest) => Place;

/** A fixed one is parsed once. */
export function createPlaceFinder({
  publicUrl,
  cookieName,
}: Pick<ResolvedSessionOptions, 'publicUrl' | 'cookieName'>): PlaceFinder {
  const cookiesFor = createCookiesFor(cookieName);
  if (publicUrl !== undefined) {
    const { origin, pathname } = new URL(publicUrl);
    const path = pathname.replace(/\/+$/, '');
    // As it was read, not as it was written: an empty query would end up in the middle of every address.
    const fixed: Place = { origin, baseUrl: origin + path, path, cookies: cookiesFor(origin) };
    return () => fixed;
  }
  return (request) => {
    const origin = request.origin ?? originOf(request.url);
    return { origin, baseUrl: origin, path: '', cookies: cookiesFor(origin) };
  };
}

function originOf(url: string): string {
  if (URL.canParse(url)) return new URL(url).origin;
  throw new TypeError(
    'Sessions have to know where the app is: set publicUrl, or give the origin of requests',
  );
}
