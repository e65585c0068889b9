import { isAuthError, OptionsError } from '../../core/index.ts';
import { withoutEndSlashes } from '../../core/internal.ts';
import {
  type Engine,
  type FetchReply,
  type FetchRequest,
  requirementsOf,
  type SessionSettings,
  toSessionPaths,
} from '../engine/internal.ts';
import type { PageFunctions, Pages } from './types.ts';

/** Where a refused person goes, by an address that Next.js takes; `undefined` where there is nothing that they can do. */
export type Leads = (error: unknown, request: FetchRequest) => string | undefined;

/**
 * To the login and back, or to the page that says who is refused: for pages and actions, which cannot answer themselves.
 *
 * @param session settings of sessions; without them, nobody is led anywhere
 */
export function createLeads(
  engine: Pick<Engine<FetchRequest, FetchReply, never>, 'refusalOf'>,
  session: SessionSettings<FetchRequest> | undefined,
): Leads {
  if (session === undefined) return () => undefined;
  const { publicUrl } = session;
  // Whole URLs: to a path Next.js adds its `basePath`, which `publicUrl` has already.
  const toAddress = (path: string) => (publicUrl === undefined ? path : new URL(path, publicUrl).href);
  const refused = `${withoutEndSlashes(publicUrl ?? '')}${toSessionPaths(session).refused}`;
  return (error, { method, url, headers }) => {
    const answer = engine.refusalOf(error, { method, url, headers: ofNavigation(headers) });
    if (answer?.status === 403) return refused;
    const location = answer?.headers.location;
    return location === undefined ? undefined : toAddress(location);
  };
}

/** {@link Pages} of an application whose sessions are on. @throws {OptionsError} */
export function createPages<C extends object>(
  engine: Pick<Engine<FetchRequest, FetchReply, C>, 'guard' | 'tenants'>,
  session: SessionSettings<FetchRequest> | undefined,
  lead: Leads,
  { headers, redirect, forbidden }: PageFunctions,
): Pages<C> {
  if (session === undefined) throw toProblem('session', '{ secret, publicUrl }');
  const { publicUrl } = session;
  const isOfTenants = engine.tenants !== undefined;
  if (publicUrl === undefined && !isOfTenants)
    throw toProblem('session.publicUrl', "'https://app.example.com'");

  async function callerOf(method: 'GET' | 'POST', path: string, args: readonly unknown[]): Promise<never> {
    const incoming = await headers();
    const origin = isOfTenants ? originOf(incoming) : new URL(publicUrl as string).origin;
    // Also where a script of Next.js asks for the page: it shows what the page says.
    const request = { method, url: `${origin}${path}`, headers: ofNavigation(incoming) };
    try {
      return (await engine.guard(requirementsOf(args)).decide(request, {})) as never;
    } catch (error) {
      // To a form without scripts Next.js answers `forbidden` with its page for 404.
      const canForbid = method === 'GET' || incoming.has('next-action');
      const address = lead(error, request);
      const isRefused =
        isAuthError(error) && (error.statusCode === 403 || (address === undefined && error.statusCode < 500));
      if (canForbid && isRefused) forbidden?.();
      if (address !== undefined) redirect(address);
      throw error;
    }
  }

  return {
    page: (path, ...args) => callerOf('GET', path, args),
    action: (...args) => callerOf('POST', '/', args),
  };
}

function toProblem(option: string, example: string): OptionsError {
  const rule = 'must be an option where pages lead to the login: they do not know their own address';
  return new OptionsError('keycloak.pages', [{ option, rule, example }]);
}

/** As Next.js reads it for route handlers. A host with a path in it would be read as another tenant. */
function originOf(incoming: Headers): string {
  const host = incoming.get('host') ?? '';
  const scheme = /^https\b/.test(incoming.get('x-forwarded-proto') ?? '') ? 'https' : 'http';
  return `${scheme}://${/[\\/?#@]/.test(host) ? '' : host}`;
}

function ofNavigation(incoming: Headers): Headers {
  const headers = new Headers(incoming);
  headers.set('sec-fetch-mode', 'navigate');
  headers.set('sec-fetch-dest', 'document');
  return headers;
}

/** The answer of the proxy of Next.js. It reads where an answer leads to, and fails where that is a path alone. */
export function inNextProxy(
  response: Response,
  error: unknown,
  request: FetchRequest,
  lead: Leads,
  publicUrl = request.url,
): Response {
  if (!('nextUrl' in request)) return response;
  // A script calls a server action, and goes where this header of Next.js says.
  const address = request.headers.has('next-action') ? lead(error, request) : undefined;
  if (address !== undefined)
    return new Response(null, {
      headers: { 'x-action-redirect': `${address};push`, 'cache-control': 'no-store' },
    });
  const location = response.headers.get('location');
  if (location?.startsWith('/') && publicUrl !== undefined)
    response.headers.set('location', new URL(location, publicUrl).href);
  return response;
}
