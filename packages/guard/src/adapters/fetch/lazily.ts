import type { Asking, AskingOptions } from '../engine/internal.ts';
import type { OwnCall } from '../face/index.ts';
import type { FetchKeycloak, GuardedHandler } from './types.ts';

/** Members whose promise also reports wrong options. */
const ASKED = ['accessToken', 'connect', 'decide', 'handle', 'load', 'principal'] as const;
/** Members that make a function, which reports wrong options at its first call. */
const MADE = ['fetchFor', 'loginLimits', 'permit', 'tokenFor'] as const;
/** The same, and the function says of which tenant. */
const OWN = ['fetchAs', 'tokenAs'] as const;

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
  const own = OWN.map((name) => [name, (...args: unknown[]) => onceOwn(() => member(name)(...args))]);
  return {
    ...(Object.fromEntries([...asked, ...later, ...own]) as Pick<
      FetchKeycloak<C>,
      (typeof ASKED | typeof MADE | typeof OWN)[number]
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
      let made: ReturnType<typeof mcp> | undefined;
      const mcp = () => get().mcp(options, handler);
      const server = () => {
        made ??= mcp();
        return made;
      };
      return Object.assign(async (...args: Parameters<ReturnType<typeof mcp>>) => server()(...args), {
        metadata: async (request: Request) => server().metadata(request),
      });
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

type Call = (...args: unknown[]) => unknown;

/** {@link once}, of what can say whose it is. */
function onceOwn(make: () => OwnCall<unknown, Call>): OwnCall<unknown, Call> {
  let made: OwnCall<unknown, Call> | undefined;
  const get = () => {
    made ??= make();
    return made;
  };
  return Object.assign((...args: unknown[]) => get()(...args), {
    of:
      (who: unknown): Call =>
      (...args) =>
        get().of(who)(...args),
    ofTenant:
      (name: string): Call =>
      (...args) =>
        get().ofTenant(name)(...args),
  });
}
