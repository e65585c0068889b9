import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TokenVerifier } from '../core/index.ts';
import { type Cookies, createCookiesFor } from './cookies.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { Sealer } from './seal.ts';
import type { SessionKeeper } from './session-keeper.ts';

/** What every route works with. */
export interface SessionContext {
  readonly options: ResolvedSessionOptions;
  readonly keeper: SessionKeeper;
  readonly sealer: Sealer;
  readonly verifier: TokenVerifier;
}

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

/** Parsed once where it is fixed. */
export function createPlaceFinder({
  publicUrl,
  cookieName,
}: Pick<ResolvedSessionOptions, 'publicUrl' | 'cookieName'>): (request: FastifyRequest) => Place {
  const cookiesFor = createCookiesFor(cookieName);
  if (publicUrl !== undefined) {
    const { origin, pathname } = new URL(publicUrl);
    const path = pathname.replace(/\/+$/, '');
    const fixed: Place = { origin, baseUrl: publicUrl, path, cookies: cookiesFor(origin) };
    return () => fixed;
  }
  return (request) => {
    const origin = `${request.protocol}://${request.host}`;
    return { origin, baseUrl: origin, path: '', cookies: cookiesFor(origin) };
  };
}

/**
 * Options of every route here: who is signed out has to reach them, whatever else of the app is guarded. In no OpenAPI
 * document.
 */
export const OPEN = { schema: { hide: true } as object, config: { guard: false } } as const;

/** A session has no place in any cache. */
export function notForCaches(reply: FastifyReply): void {
  reply.header('cache-control', 'no-store');
}
