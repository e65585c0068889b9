import type { AppClaims, Principal } from '../../core/index.ts';
import { isThenable, once, type RequestGuard, settle } from '../../core/internal.ts';
import type { McpOptions } from '../engine/index.ts';
import {
  addToFetchAnswer,
  answerFetchRoute,
  createEngineWithParts,
  createLoginGuard,
  type Decide,
  type FetchReply,
  type FetchRequest,
  fetchHost,
  type GuardRequirements,
  lateMembers,
  openFetchMcp,
  type RequestGuardOptions,
  requirementsOf,
  toBase,
  toFetchAnswer,
  toLate,
  toLateOwn,
  toPermitGuard,
  toRoutes,
} from '../engine/internal.ts';
import { createLeads, createPages, inNextProxy } from './pages.ts';
import type { FetchKeycloak, GuardedHandler, Incoming, KeycloakOptions, McpHandler } from './types.ts';

/** Puts off making `FetchKeycloak`, and reporting wrong options, until it is first used. */
function lazily<C extends object>(make: () => FetchKeycloak<C>): FetchKeycloak<C> {
  let made: FetchKeycloak<C> | undefined;
  const get = (): FetchKeycloak<C> => {
    made ??= make();
    return made;
  };
  return {
    fetchFor: (options) => toLate(once(() => get().fetchFor(options))),
    tokenFor: (options) => toLate(once(() => get().tokenFor(options))),
    fetchAs: (options) => toLateOwn(once(() => get().fetchAs(options))),
    tokenAs: (options) => toLateOwn(once(() => get().tokenAs(options))),
    permit: (rule, options, handler) => toLate(once(() => get().permit(rule, options, handler))),
    loginLimits: (options, handler) => toLate(once(() => get().loginLimits(options, handler))),
    ...lateMembers(get, 'accessToken', 'connect', 'decide', 'handle', 'load', 'principal'),
    get verifier() {
      return get().verifier;
    },
    get permissions() {
      return get().permissions;
    },
    guard(requirements: GuardRequirements<Request>, handler: GuardedHandler<C, object, Request, unknown[]>) {
      const guarded = toLate(
        once(() => get().guard(requirements as RequestGuardOptions<Request>, handler as never)),
      );
      return (request: Request, ...rest: unknown[]) => {
        // `next build` calls handlers and stops at the first look at headers, before the options are needed.
        request.headers.get('authorization');
        return guarded(request, ...(rest as []));
      };
    },
    mcp(options, handler) {
      const server = once(() => get().mcp(options, handler));
      return Object.assign(async (...args: Parameters<ReturnType<typeof server>>) => server()(...args), {
        metadata: async (request: Request) => server().metadata(request),
      });
    },
    pages(functions) {
      const pages = once(() => get().pages(functions));
      // As above: `next build` stops here.
      return lateMembers(async () => (await functions.headers()) && pages(), 'page', 'action');
    },
    handlers: lateMembers(() => get().handlers, 'GET', 'OPTIONS', 'POST'),
    health: () => get().health(),
    events: (options) => get().events(options),
    has: (principal, requirements) => get().has(principal, requirements),
    close: async () => made?.close(),
  };
}

/**
 * Checks Keycloak's bearer tokens and guards handlers that take a `Request`: Next.js, SvelteKit, Bun, Deno, H3, Elysia and
 * others. No I/O before the first request.
 *
 * @param options a function is called at the first request: for programs that are built without their environment, as by
 *   `next build` in an image
 * @throws {OptionsError} naming every option that is missing, wrong or unknown; at the first request if `options` is a
 *   function
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * Bun.serve({ fetch: kc.guard({}, (request, { principal }) => Response.json({ hello: principal.username })) });
 */
export function keycloak<C extends object = AppClaims>(
  options: KeycloakOptions<C> | (() => KeycloakOptions<C>),
): FetchKeycloak<C> {
  return typeof options === 'function' ? lazily(() => open(options())) : open(options);
}

function open<C extends object>(options: KeycloakOptions<C>): FetchKeycloak<C> {
  const host = { factory: 'keycloak', ...fetchHost };
  const { engine, routes: all } = createEngineWithParts<FetchRequest, FetchReply, C>(options, host);
  const routes = toRoutes(all);
  const { session } = options;
  const lead = createLeads(engine as never, session);

  /** The answer to a refused request. Rethrows all other errors. */
  function refuse(error: unknown, request: FetchRequest, reply: FetchReply): Response {
    const answer = engine.refusalOf(error, request);
    if (answer === undefined) throw error;
    return addToFetchAnswer(toFetchAnswer(answer, request.method), reply);
  }

  async function handle(request: Request): Promise<Response | undefined> {
    return answerFetchRoute(engine, routes, request, request);
  }

  async function handleAll(request: Request): Promise<Response> {
    return (await handle(request)) ?? toFetchAnswer(NO_ROUTE);
  }

  return {
    ...toBase<FetchRequest, C, Incoming>(engine, toRequest),
    guard: (requirements: GuardRequirements<Request>, handler: unknown) =>
      toGuarded(engine.guard(requirements), handler as Handler, refuse),
    permit: (rule, permitOptions, handler) =>
      toPermitted(engine.permits.permit<Request>(rule, permitOptions), handler as never, refuse),
    loginLimits(limits, handler) {
      const guard = createLoginGuard<FetchRequest, FetchReply>(engine as never, limits);
      return toGuarded(guard, (request, _, ...more) => handler(request as never, ...(more as never)), refuse);
    },
    get permissions() {
      return engine.permits.opened();
    },
    async decide(incoming, ...args: unknown[]) {
      const request = toRequest(incoming);
      const reply: FetchReply = {};
      const guard = engine.guard(requirementsOf(args));
      try {
        return (await guard.decide(request, reply)) as never;
      } catch (error) {
        return inNextProxy(refuse(error, request, reply), error, request, lead, session?.publicUrl);
      }
    },
    async principal(incoming, ...args: unknown[]) {
      return (await engine.guard(requirementsOf(args)).decide(toRequest(incoming), {})) as never;
    },
    pages: (functions) => createPages(engine, session, lead, functions),
    mcp<Req extends Request, Rest extends unknown[]>(options: McpOptions, handler: McpHandler<Req, Rest>) {
      const mcp = openFetchMcp<FetchRequest>(engine as never, options);
      const metadata = mcp.publish();
      return Object.assign(
        async (request: Req, ...rest: Rest) => {
          const { admit, toWatched } = await mcp.loading;
          const reply: FetchReply = {};
          // Each answer gets the headers below.
          const admitted = await admit(request, request, reply).catch((error) => refuse(error, request, {}));
          if (admitted instanceof Response) return addToFetchAnswer(admitted, reply);
          const response = await handler(request, admitted, ...rest);
          return addToFetchAnswer(toWatched(response, admitted), reply);
        },
        {
          metadata: async (request: Request) =>
            answerFetchRoute(engine, metadata, request, request) ?? toFetchAnswer(NO_ROUTE),
        },
      );
    },
    handle,
    handlers: { GET: handleAll, OPTIONS: handleAll, POST: handleAll },
  };
}

type Handler = (
  request: Request,
  caller: { readonly principal: Principal | null },
  ...rest: readonly unknown[]
) => Response | Promise<Response>;

type Refuse = (error: unknown, request: FetchRequest, reply: FetchReply) => Response;

const NO_ROUTE = { status: 404, headers: {}, setCookies: [], body: undefined };

/** A handler inside a guarded one. */
function toPermitted(decide: Decide<FetchRequest>, handler: Handler, refuse: Refuse) {
  return (
    request: Request,
    caller?: { readonly principal: object | null },
    ...more: readonly unknown[]
  ): Response | Promise<Response> => {
    const guard = toPermitGuard<FetchRequest>(
      (one, who) => decide(one, who, ...more),
      () => caller?.principal as Principal | null | undefined,
    );
    return toGuarded(guard, handler, refuse)(request, ...more);
  };
}

/** A known token costs no promise. */
function toGuarded(
  guard: Pick<RequestGuard<FetchRequest, FetchReply>, 'decide'>,
  handler: Handler,
  refuse: Refuse,
) {
  return (request: Request, ...rest: readonly unknown[]): Response | Promise<Response> => {
    const reply: FetchReply = {};
    const admit = (principal: Principal | null): Response | Promise<Response> => {
      const response = handler(request, { principal }, ...rest);
      if (reply.extra === undefined) return response;
      return isThenable(response)
        ? response.then((late) => addToFetchAnswer(late, reply))
        : addToFetchAnswer(response, reply);
    };
    return settle(
      () => guard.decide(request, reply),
      admit,
      (error) => refuse(error, request, reply),
    );
  };
}

function toRequest(incoming: Incoming): FetchRequest {
  return typeof (incoming as Headers).get === 'function'
    ? { headers: incoming as Headers }
    : (incoming as FetchRequest);
}
