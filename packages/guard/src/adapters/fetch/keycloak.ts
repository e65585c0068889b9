import type { AppClaims, Principal } from '../../core/index.ts';
import { type Gate, isThenable, settle } from '../../core/internal.ts';
import {
  type Asking,
  addToFetchAnswer,
  answerFetchRoute,
  type Decide,
  type FetchReply,
  type FetchRequest,
  fetchHost,
  requirementsOf,
  toFetchAnswer,
  toPermitGate,
  toRoutes,
} from '../engine/internal.ts';
import { createLoginGate, openDoor, toBase } from '../face/internal.ts';
import type { McpOptions } from '../mcp/index.ts';
import { toFetchMcp, toWatched } from '../mcp/internal.ts';
import { lazily } from './lazily.ts';
import type { FetchKeycloak, FetchKeycloakOptions, Incoming, McpHandler } from './types.ts';

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
  options: FetchKeycloakOptions<C> | (() => FetchKeycloakOptions<C>),
): FetchKeycloak<C> {
  return typeof options === 'function' ? lazily(() => open(options())) : open(options);
}

function open<C extends object>(options: FetchKeycloakOptions<C>): FetchKeycloak<C> {
  const host = { factory: 'keycloak', ...fetchHost };
  const { door, routes: all } = openDoor<FetchRequest, FetchReply, C>(options, host);
  const routes = toRoutes(all);

  /** The answer to a refused request. Rethrows all other errors. */
  function refuse(error: unknown, request: FetchRequest, reply: FetchReply): Response {
    const answer = door.refusalOf(error, request);
    if (answer === undefined) throw error;
    return addToFetchAnswer(toFetchAnswer(answer, request.method), reply);
  }

  async function handle(request: Request): Promise<Response | undefined> {
    return answerFetchRoute(door, routes, request, request);
  }

  async function handleAll(request: Request): Promise<Response> {
    return (await handle(request)) ?? toFetchAnswer(NOT_FOUND);
  }

  return {
    ...toBase<FetchRequest, C, Incoming>(door, toRequest),
    guard: (requirements: Asking<Request>, handler: unknown) =>
      toGuarded(door.gate(requirements), handler as Handler, refuse),
    permit: (rule, given, handler) =>
      toPermitted(door.permits.permit<Request>(rule, given), handler as never, refuse),
    loginLimits(given, handler) {
      const gate = createLoginGate<FetchRequest, FetchReply>(door as never, given);
      return toGuarded(gate, (request, _, ...more) => handler(request as never, ...(more as never)), refuse);
    },
    get permissions() {
      return door.permits.opened();
    },
    async decide(incoming, ...given: unknown[]) {
      const request = toRequest(incoming);
      const reply: FetchReply = {};
      const gate = door.gate(requirementsOf(given));
      try {
        return (await gate.decide(request, reply)) as never;
      } catch (error) {
        return inNextProxy(refuse(error, request, reply), request, options.session?.publicUrl);
      }
    },
    async principal(incoming, ...given: unknown[]) {
      return (await door.gate(requirementsOf(given)).decide(toRequest(incoming), {})) as never;
    },
    mcp<Req extends Request, Rest extends unknown[]>(mcp: McpOptions, handler: McpHandler<Req, Rest>) {
      const { admit, publish } = toFetchMcp<FetchRequest>(door as never, mcp);
      const answer = publish();
      return Object.assign(
        async (request: Req, ...rest: Rest) => {
          const reply: FetchReply = {};
          let admitted: Awaited<ReturnType<typeof admit>>;
          try {
            admitted = await admit(request, request, reply);
          } catch (error) {
            return refuse(error, request, reply);
          }
          if (admitted instanceof Response) return addToFetchAnswer(admitted, reply);
          const response = await handler(request, admitted, ...rest);
          return addToFetchAnswer(toWatched(response, admitted), reply);
        },
        { metadata: async (request: Request) => answer(request, request) ?? toFetchAnswer(NOT_FOUND) },
      );
    },
    handle,
    handlers: { GET: handleAll, OPTIONS: handleAll, POST: handleAll },
  };
}

type Handler = (
  request: Request,
  found: { readonly principal: Principal | null },
  ...rest: readonly unknown[]
) => Response | Promise<Response>;

type Refuse = (error: unknown, request: FetchRequest, reply: FetchReply) => Response;

const NOT_FOUND = { status: 404, headers: {}, setCookies: [], body: undefined };

/** A handler inside a guarded one. */
function toPermitted(decide: Decide<FetchRequest>, handler: Handler, refuse: Refuse) {
  return (
    request: Request,
    { principal }: { readonly principal: object | null },
    ...more: readonly unknown[]
  ): Response | Promise<Response> => {
    const gate = toPermitGate<FetchRequest>(
      (asked, who) => decide(asked, who, ...more),
      () => principal as Principal | null,
    );
    return toGuarded(gate, handler, refuse)(request, ...more);
  };
}

/** A known token costs no promise. */
function toGuarded(gate: Pick<Gate<FetchRequest, FetchReply>, 'decide'>, handler: Handler, refuse: Refuse) {
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
      () => gate.decide(request, reply),
      admit,
      (error) => refuse(error, request, reply),
    );
  };
}

/** The proxy of Next.js reads where an answer leads to, and fails where that is a path alone. */
function inNextProxy(response: Response, request: FetchRequest, publicUrl = request.url): Response {
  const location = response.headers.get('location');
  if (location?.startsWith('/') && 'nextUrl' in request && publicUrl !== undefined) {
    response.headers.set('location', new URL(location, publicUrl).href);
  }
  return response;
}

function toRequest(incoming: Incoming): FetchRequest {
  return typeof (incoming as Headers).get === 'function'
    ? { headers: incoming as Headers }
    : (incoming as FetchRequest);
}
