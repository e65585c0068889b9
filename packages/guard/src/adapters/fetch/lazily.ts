import type { Asking, AskingOptions } from '../engine/internal.ts';
import type { FetchKeycloak, GuardedHandler } from './types.ts';

/** Members whose promise also reports wrong options. */
const ASKED = ['accessToken', 'connect', 'decide', 'handle', 'load', 'principal'] as const;
/** Members that make a function, which reports wrong options at its first call. */
const MADE = ['fetchAs', 'fetchFor', 'loginLimits', 'pathEnforcer', 'permit', 'tokenAs', 'tokenFor'] as const;

type Anything = (...args: readonly unknown[]) => never;

/** Puts off making `FetchKeycloak`, and reporting wrong options, until it is first used. */
export function lazily<C extends object>(make: () => FetchKeycloak<C>): FetchKeycloak<C> {
  let made: FetchKeycloak<C> | undefined;
  const get = (): FetchKeycloak<C> => {
    made ??= make();
    return made;
  };
  const member = (name: keyof FetchKeycloak<C>) => get()[name] as Anything;
  const asked = ASKED.map((name) => [name, async (...args: unknown[]) => member(name)(...args)]);
  const later = MADE.map((name) => [name, (...args: unknown[]) => once(() => member(name)(...args))]);
  return {
    ...(Object.fromEntries([...asked, ...later]) as Pick<
      FetchKeycloak<C>,
      (typeof ASKED | typeof MADE)[number]
    >),
    get verifier() {
      return get().verifier;
    },
    get permissions() {
      return get().permissions;
    },
    guard(requirements: Asking<Request>, handler: GuardedHandler<C, object, Request, unknown[]>) {
      const guarded = once(() => get().guard(requirements as AskingOptions<Request>, handler as never));
      return (request: Request, ...rest: unknown[]) => {
        // `next build` calls handlers and stops at the first look at headers, before the options are needed.
        request.headers.get('authorization');
        return guarded(request, ...(rest as []));
      };
    },
    mcp(options, handler) {
      const server = once(() => get().mcp(options, handler));
      return async (request) => server(request);
    },
    handlers: {
      GET: async (request) => get().handlers.GET(request),
      OPTIONS: async (request) => get().handlers.OPTIONS(request),
      POST: async (request) => get().handlers.POST(request),
    },
    health: () => get().health(),
    events: (options) => get().events(options),
    has: (principal, requirements) => get().has(principal, requirements),
    close: async () => made?.close(),
  };
}

/** A function that is made at its first call. */
function once<Args extends unknown[], Result>(make: () => (...args: Args) => Result) {
  let made: ((...args: Args) => Result) | undefined;
  return (...args: Args): Result => {
    made ??= make();
    return made(...args);
  };
}
