import {
  addToFetchAnswer,
  answerFetchRoute,
  createDoor,
  type FetchReply,
  type FetchRequest,
  type Found,
  fetchHost,
  findFetchRoute,
  type NotOptional,
  toFetchAnswer,
  toRoutes,
} from '../adapter/internal.ts';
import type { Claims, Principal, Requirements, TokenVerifier } from '../core/index.ts';
import { type Gate, type GuardOptions, isThenable } from '../core/internal.ts';
import type { FetchKeycloakOptions, GuardedHandler, Incoming } from './types.ts';

/** keycloak-guard for servers whose handlers take a `Request` and give a `Response`. */
export interface FetchKeycloak<C extends object = Claims> {
  readonly verifier: TokenVerifier<C>;
  /**
   * A handler for authenticated requests that meet the requirements. All others are answered: with status, challenge and
   * `{"detail": …}`, or, for a page and with sessions, on to the login.
   *
   * @throws {OptionsError} for a requirement that is misspelt or empty
   * @example
   * export const GET = kc.guard({ realmRole: 'admin' }, (request, { principal }) =>
   *   Response.json({ hello: principal.username }));
   */
  guard<const R extends GuardOptions, Req extends Request, Rest extends unknown[]>(
    requirements: R,
    handler: GuardedHandler<C, R, Req, Rest>,
  ): (request: Req, ...rest: Rest) => Response | Promise<Response>;
  /**
   * Who is calling, or what they have to be answered: for middleware, and where no handler can be wrapped.
   *
   * @throws {OptionsError} (rejects with one) for a requirement that is misspelt or empty
   * @example
   * const found = await kc.decide(request, { scope: 'orders:read' });
   * if (found instanceof Response) return found;
   */
  decide<const R extends GuardOptions = NotOptional>(
    request: Incoming,
    requirements?: R,
  ): Promise<Found<C, R> | Response>;
  /**
   * Who is calling: for server actions, GraphQL and RPC, which have errors of their own.
   *
   * @throws {AuthError} (rejects with one) where the request is refused
   * @throws {OptionsError} (rejects with one) for a requirement that is misspelt or empty
   * @example
   * const principal = await kc.principal(await headers(), { realmRole: 'editor' });
   */
  principal<const R extends GuardOptions = NotOptional>(
    request: Incoming,
    requirements?: R,
  ): Promise<Found<C, R>>;
  /**
   * Answers requests for login, callback, session and logout, and what Keycloak tells; `undefined` for all others.
   *
   * @example
   * Bun.serve({ fetch: async (request) => (await kc.handle(request)) ?? app(request) });
   */
  handle(request: Request): Promise<Response | undefined>;
  /**
   * The same for routers by file, in a file for `/auth/*` and one for `/backchannel-logout`: 404 to all others.
   *
   * @example
   * export const { GET, POST } = kc.handlers; // app/auth/[...path]/route.ts
   */
  readonly handlers: Readonly<Record<'GET' | 'POST', (request: Request) => Promise<Response>>>;
  /** Whether somebody meets requirements. */
  has(principal: Principal<C> | null | undefined, requirements: Requirements<C>): boolean;
  /** Loads the keys: where the first request should not wait for them. Never rejects. */
  load(): Promise<void>;
  /** Ends every timer. */
  close(): Promise<void>;
}

/**
 * Checks bearer tokens of Keycloak, and guards handlers of Next.js, SvelteKit, Bun, Deno, H3, Elysia and others. Nothing is
 * loaded before the first request.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * Bun.serve({ fetch: kc.guard({}, (request, { principal }) => Response.json({ hello: principal.username })) });
 */
export function keycloak<C extends object = Claims>(options: FetchKeycloakOptions<C>): FetchKeycloak<C> {
  const { session, backchannelLogout, ...rest } = options;
  const door = createDoor<FetchRequest, FetchReply, C>(rest as FetchKeycloakOptions<C>, {
    factory: 'keycloak',
    ...fetchHost,
  });
  const opened = session === undefined ? [] : door.openSessions(session).all;
  const routes = toRoutes([...opened, ...door.messages(backchannelLogout).all]);

  /** @throws where it is a fault, and not ours to answer */
  function refuse(error: unknown, request: FetchRequest, reply: FetchReply): Response {
    const answer = door.refusalOf(error, request);
    if (answer === undefined) throw error;
    return addToFetchAnswer(toFetchAnswer(answer, request.method), reply);
  }

  async function handle(request: Request): Promise<Response | undefined> {
    const route = findFetchRoute(routes, request);
    return route && answerFetchRoute(door, route, request, request);
  }

  async function handleAll(request: Request): Promise<Response> {
    const NOT_FOUND = { status: 404, headers: {}, setCookies: [], body: undefined };
    return (await handle(request)) ?? toFetchAnswer(NOT_FOUND);
  }

  return {
    verifier: door.verifier,
    guard: (requirements, handler) => toGuarded(door.gate(requirements), handler as never, refuse),
    async decide(incoming, requirements) {
      const request = toRequest(incoming);
      const reply: FetchReply = {};
      const gate = door.gate(requirements);
      try {
        return (await gate.decide(request, reply)) as never;
      } catch (error) {
        return refuse(error, request, reply);
      }
    },
    async principal(incoming, requirements) {
      return (await door.gate(requirements).decide(toRequest(incoming), {})) as never;
    },
    handle,
    handlers: { GET: handleAll, POST: handleAll },
    has: door.has,
    load: door.load,
    close: door.close,
  };
}

type Handler = (
  request: Request,
  found: { readonly principal: Principal | null },
  ...rest: readonly unknown[]
) => Response | Promise<Response>;

/** A known token costs no promise. */
function toGuarded(
  gate: Gate<FetchRequest, FetchReply>,
  handler: Handler,
  refuse: (error: unknown, request: FetchRequest, reply: FetchReply) => Response,
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
    let decided: Principal | null | Promise<Principal | null>;
    try {
      decided = gate.decide(request, reply);
    } catch (error) {
      return refuse(error, request, reply);
    }
    // Not `catch` behind `then`: what the handler throws is not a refusal.
    return isThenable(decided)
      ? decided.then(admit, (error: unknown) => refuse(error, request, reply))
      : admit(decided);
  };
}

function toRequest(incoming: Incoming): FetchRequest {
  return typeof (incoming as Headers).get === 'function'
    ? { headers: incoming as Headers }
    : (incoming as FetchRequest);
}
