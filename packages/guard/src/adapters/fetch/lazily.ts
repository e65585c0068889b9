import type { GuardOptions } from '../../core/internal.ts';
import type { NotOptional, PathEnforcerOptions, PermitRule } from '../engine/internal.ts';
import type { FetchKeycloak, FetchPermitOptions, GuardedHandler, OfRequest } from './types.ts';

/** Puts off making `FetchKeycloak`, and reporting wrong options, until it is first used. */
export function lazily<C extends object>(make: () => FetchKeycloak<C>): FetchKeycloak<C> {
  let made: FetchKeycloak<C> | undefined;
  const get = (): FetchKeycloak<C> => {
    made ??= make();
    return made;
  };
  return {
    get verifier() {
      return get().verifier;
    },
    guard<const R extends GuardOptions, Req extends Request, Rest extends unknown[]>(
      requirements: R,
      handler: GuardedHandler<C, R, Req, Rest>,
    ) {
      let guarded: ((request: Req, ...rest: Rest) => Response | Promise<Response>) | undefined;
      return (request: Req, ...rest: Rest) => {
        // `next build` calls handlers and stops at the first look at headers, before the options are needed.
        request.headers.get('authorization');
        guarded ??= get().guard(requirements, handler);
        return guarded(request, ...rest);
      };
    },
    permit<Req extends Request, Rest extends unknown[]>(
      rule: PermitRule | OfRequest<PermitRule>,
      options: FetchPermitOptions,
      handler: GuardedHandler<C, NotOptional, Req, Rest>,
    ) {
      return later(() => get().permit(rule, options, handler));
    },
    pathEnforcer<Req extends Request, Rest extends unknown[]>(
      options: Omit<PathEnforcerOptions, 'permissions'>,
      handler: GuardedHandler<C, NotOptional, Req, Rest>,
    ) {
      return later(() => get().pathEnforcer(options, handler));
    },
    get permissions() {
      return get().permissions;
    },
    decide: async (request, requirements) => get().decide(request, requirements),
    principal: async (request, requirements) => get().principal(request, requirements),
    mcp(options, handler) {
      let server: ((request: Request) => Promise<Response>) | undefined;
      return async (request) => {
        server ??= get().mcp(options, handler);
        return server(request);
      };
    },
    handle: async (request) => get().handle(request),
    handlers: {
      GET: async (request) => get().handlers.GET(request),
      OPTIONS: async (request) => get().handlers.OPTIONS(request),
      POST: async (request) => get().handlers.POST(request),
    },
    accessToken: async (request) => get().accessToken(request),
    fetchFor: (options) => later(() => get().fetchFor(options)),
    fetchAs: (options) => later(() => get().fetchAs(options)),
    tokenFor: (options) => later(() => get().tokenFor(options)),
    tokenAs: (options) => later(() => get().tokenAs(options)),
    connect: async (request, requirements) => get().connect(request, requirements),
    has: (principal, requirements) => get().has(principal, requirements),
    load: async () => get().load(),
    close: async () => made?.close(),
  };
}

/** A function that is made at its first call. */
function later<Args extends unknown[], Result>(make: () => (...args: Args) => Result) {
  let made: ((...args: Args) => Result) | undefined;
  return (...args: Args): Result => {
    made ??= make();
    return made(...args);
  };
}
