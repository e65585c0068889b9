import type {
  Lifecycle,
  Plugin,
  Request,
  ResponseObject,
  ResponseToolkit,
  Server,
  ServerAuthScheme,
} from '@hapi/hapi';
import { type AppClaims, AuthError, type Principal, type TokenVerifier } from '../../core/index.ts';
import { type Answer, KEPT, makerOf, tokenOf, toRefusalAnswer } from '../../core/internal.ts';
import type { Keycloak, KeycloakBase, KeycloakSockets, McpOptions, WithParts } from '../engine/index.ts';
import {
  answerRoute,
  createEngineWithParts,
  createLoginGuard,
  type Decide,
  type Engine,
  type EngineHost,
  type FetchReply,
  fetchHost,
  isHtml,
  type McpCaller,
  type McpEngine,
  nodeHost,
  openNodeMcp,
  type RequestGuardOptions,
  type Routes,
  sentOnNode,
  toBase,
  toHeader,
  toSockets,
  withTenant,
} from '../engine/internal.ts';

/** Where hapi's plugins keep what belongs to a request: headers for an answer that does not exist yet. */
type State = { 'keycloak-guard'?: FetchReply };

const hapiHost: EngineHost<Request, Request> = {
  factory: 'keycloak',
  toRequest: ({ raw }) => raw.req,
  // Extensions of `onRequest` may have changed the method. A handshake has no request of hapi's.
  toSessionRequest: ({ raw, method = raw.req.method }) => ({
    ...nodeHost.toSessionRequest(raw.req),
    method: method?.toUpperCase(),
  }),
  addressOf: ({ raw }) => nodeHost.addressOf(raw.req),
  paramsOf: ({ params }) => params,
  addToAnswer({ plugins }: { plugins: State }, extra) {
    plugins['keycloak-guard'] ??= {};
    fetchHost.addToAnswer(plugins['keycloak-guard'], extra);
  },
};

/** For `onPreResponse`. */
const addExtras: Lifecycle.Method = (request, h) => {
  const { response } = request;
  const extra = (request.plugins as State)['keycloak-guard']?.extra;
  if (extra === undefined) return h.continue;
  if (!('isBoom' in response)) addTo(response as ResponseObject, extra);
  else {
    const { headers } = response.output;
    for (const [name, value] of Object.entries(extra.headers))
      headers[name] = toHeader(name, value, headers[name]);
    const { 'set-cookie': own = [] } = headers as { 'set-cookie'?: string | string[] };
    if (extra.setCookies.length > 0) Object.assign(headers, { 'set-cookie': [own, extra.setCookies].flat() });
  }
  return h.continue;
};

function addTo(response: ResponseObject, extra: Pick<Answer, 'headers' | 'setCookies'>): ResponseObject {
  for (const [name, value] of Object.entries(extra.headers))
    response.header(name, toHeader(name, value, response.headers[name]));
  for (const cookie of extra.setCookies) response.header('set-cookie', cookie, { append: true });
  return response;
}

function toResponse(h: ResponseToolkit, answer: Answer): ResponseObject {
  return addTo(h.response(answer.body).code(answer.status), answer);
}

/**
 * A refusal in the form of the errors that hapi throws. A new object: one error may refuse several requests at once, and
 * `onPreResponse` adds headers of one request to it. Other errors stay as they are.
 */
function toBoom(error: unknown, answer: Answer | undefined): unknown {
  if (answer === undefined) return error;
  const { status: statusCode, headers, body = '{}' } = answer;
  const output = { statusCode, headers: { ...headers }, payload: isHtml(answer) ? body : JSON.parse(body) };
  const boom = { isBoom: true, isServer: statusCode >= 500, output, reformat() {} };
  return Object.assign(Object.create(error as Error), boom);
}

/** Answers routes of the engine. */
type Mount = (server: Server, routes: Routes<Request>['all']) => void;

function createMount(engine: Pick<Engine<Request, never, never>, 'refusalOf'>): Mount {
  return (server, routes) => {
    for (const route of routes) {
      const { method, takesHead } = route;
      // The engine reads bodies itself.
      const payload = method === 'POST' && {
        payload: { parse: false, output: 'stream', failAction: 'ignore' } as const,
      };
      const handler: Lifecycle.Method = async (request, h) => {
        if (request.method === 'head' && !takesHead) return h.response().code(405);
        const answer = await answerRoute(engine, route, request, sentOnNode(request.raw.req));
        return answer === undefined ? h.abandon : toResponse(h, answer);
      };
      const path = withTenant(route.path, '{tenant}');
      server.route({ method, path, handler, options: { auth: false, ...payload } });
    }
  };
}

/**
 * The scheme of MCP servers.
 *
 * @param root answers the metadata
 * @param refuse throws or answers a refusal
 * @param principals gets who was admitted
 */
function createMcpScheme(
  engine: McpEngine<Request, Request>,
  root: Server,
  mount: Mount,
  refuse: (error: unknown, ...args: Parameters<Lifecycle.Method>) => Lifecycle.ReturnValue,
  principals: Pick<WeakMap<Request, Principal>, 'set'>,
): ServerAuthScheme<McpOptions> {
  return (_server, options) => {
    const mcp = openNodeMcp(engine, options as McpOptions);
    const callers = new WeakMap<Request, McpCaller>();

    /** Behind hapi's parser. */
    const checkMessage: Lifecycle.Method = async (request, h) => {
      const caller = callers.get(request);
      if (caller === undefined) return h.continue;
      const { assertMayCall, mayBringMessage, answerUnreadable } = await mcp.loading;
      // The transport reads the method that was sent, whichever an extension made of it for the router.
      const isMessage = mayBringMessage(request.raw.req.method) || request.method === 'post';
      if (!isMessage) return h.continue;
      try {
        assertMayCall(request, caller, request.payload);
        return h.continue;
      } catch (error) {
        const answer = answerUnreadable(error);
        return answer === undefined ? refuse(error, request, h) : toResponse(h, answer).takeover();
      }
    };

    mount(root, mcp.publish().all);
    if (mcp.readsBodies) root.ext('onPostAuth', checkMessage);
    return {
      async authenticate(request, h) {
        const { req: raw, res: response } = request.raw;
        const { admit } = await mcp.loading;
        let admitted: Awaited<ReturnType<typeof admit>>;
        try {
          admitted = await admit(request, request, { raw, response });
        } catch (error) {
          return refuse(error, request, h);
        }
        if (admitted === null) return h.abandon;
        if ('status' in admitted) return toResponse(h, admitted).takeover();
        callers.set(request, admitted);
        const { principal: user } = admitted;
        principals.set(request, user);
        return h.authenticated({ credentials: { user, scope: [...user.scopes] } });
      },
    };
  };
}

declare module '@hapi/hapi' {
  /**
   * `request.auth.credentials.user` of a guarded request. `scope` has the scopes of the token, for `access.scope`. For
   * `access.entity`, a service account is a `user`, too: tell it apart by a requirement.
   */
  interface UserCredentials extends Principal {}
}

/** Options of {@link keycloak}. */
export type KeycloakOptions<C extends object = AppClaims> = WithParts<Request, C>;

/**
 * keycloak-guard for hapi. `permit` is a route prerequisite (`pre`), or for `server.ext('onPostAuth', …)`; it needs the option
 * `permissions`. `loginLimits` is a prerequisite of the route of a login.
 */
export interface HapiKeycloak<C extends object = AppClaims>
  extends KeycloakBase<Request, C>,
    KeycloakSockets<C>,
    Pick<Keycloak<Request, Lifecycle.Method, Request, C>, 'permit' | 'loginLimits'> {
  /**
   * The plugin. It adds the scheme `keycloak`, whose options are requirements, and a strategy of the same name without any.
   * hapi takes no function in their place: write `{ allOf: [(request) => …] }`. It also gives a scheme the same for options
   * that are left out and for `undefined`: such a strategy asks for a valid token alone.
   * It answers the routes of sessions, metadata and Keycloak's messages.
   *
   * The scheme `keycloak-mcp` guards MCP servers; its options are {@link McpOptions}. It sets `auth` on Node's request for the SDK's
   * transport, and answers the server's metadata. Its route leaves the payload to hapi's parser.
   *
   * A refusal is an `AuthError` and a Boom error: `onPreResponse` sees it. With `mode: 'optional'` a request without a token
   * passes. With sessions, a browser that asks for a page is sent to the login. `server.auth.verify(request)` checks the
   * caller again, on a connection that stays open.
   *
   * @example
   * await server.register(kc.plugin);
   * server.auth.strategy('admin', 'keycloak', { realmRole: 'admin' });
   * server.route({ method: 'GET', path: '/admin', options: { auth: 'admin' }, handler: () => 'hello' });
   *
   * server.auth.strategy('mcp', 'keycloak-mcp', { url: 'https://example.com/mcp', scopes: ['mcp:tools'] });
   * server.route({
   *   method: '*', path: '/mcp', options: { auth: 'mcp' },
   *   async handler(request, h) {
   *     await transport.handleRequest(request.raw.req, request.raw.res, request.payload);
   *     return h.abandon;
   *   },
   * });
   */
  readonly plugin: Plugin<object>;
}

/**
 * Checks bearer tokens of Keycloak in hapi 21, and guards routes.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * await server.register(kc.plugin);
 * server.auth.default('keycloak');
 */
export function keycloak<C extends object = AppClaims>(options: KeycloakOptions<C>): HapiKeycloak<C> {
  const { engine, routes } = createEngineWithParts<Request, Request, C>(options, hapiHost);
  // Another strategy may have credentials with a `user`, too.
  const callers = new WeakMap<Request, Principal>();
  const requests = new WeakMap<object, Request>();

  function refuse(error: unknown, request: Request, h: ResponseToolkit): Lifecycle.ReturnValue {
    const invitation = engine.inviteToLogin(error, request);
    if (invitation !== undefined) return toResponse(h, invitation).takeover();
    throw toBoom(error, engine.refusalOf(error, request));
  }

  const scheme: ServerAuthScheme<RequestGuardOptions<Request>> = (server, requirements = {}) => {
    const required = engine.guard(requirements);
    const optional = engine.guard({ ...requirements, optional: true });
    return {
      async authenticate(request, h) {
        const { auth = server.auth.settings.default } = request.route.settings;
        const isOnly = (auth as { strategies?: unknown[] }).strategies?.length === 1;
        try {
          const guard = isOnly && request.auth.mode === 'required' ? required : optional;
          const user = await guard.decide(request, request);
          // hapi tries the next strategy, or lets an optional request pass.
          if (user === null) {
            const missing = new AuthError('missing_token', 'The request has no token and no session');
            return h.unauthenticated(toMissing(optional.toRefusal(request, missing)));
          }
          callers.set(request, user);
          const credentials = { user, scope: [...user.scopes] };
          requests.set(credentials, request);
          return h.authenticated({ credentials });
        } catch (error) {
          return refuse(error, request, h);
        }
      },
      /** hapi calls it to check a connection that stays open. */
      async verify({ credentials }) {
        const { user } = credentials;
        const maker = user && (makerOf(user) as TokenVerifier | undefined);
        const realm = (await (maker && engine.tenants?.current(maker))) ?? maker ?? engine.verifier;
        const principal = await realm.verify((user && tokenOf(user)) ?? '', KEPT);
        const request = requests.get(credentials);
        if (request === undefined)
          throw new AuthError('permission_denied', 'The caller was found by another strategy');
        await required.admit(request, principal as unknown as Principal);
      },
    };
  };

  const mount = createMount(engine);
  const toMethod =
    (decide: Decide<Request>): Lifecycle.Method =>
    async (request, h) => {
      try {
        await decide(request, callers.get(request));
        return h.continue;
      } catch (error) {
        return refuse(error, request, h);
      }
    };

  return {
    ...toBase(engine),
    ...toSockets<Request, C>(engine, (req) => ({ raw: { req } }) as unknown as Request),
    plugin: {
      name: 'keycloak-guard',
      requirements: { hapi: '>=21.0.0' },
      register(server) {
        server.auth.scheme('keycloak', scheme as ServerAuthScheme);
        server.auth.strategy('keycloak', 'keycloak');
        const mcp = createMcpScheme(engine as never, server, mount, refuse, callers);
        server.auth.scheme('keycloak-mcp', mcp as ServerAuthScheme);
        mount(server, routes);
        server.ext('onPreResponse', addExtras);
        server.ext('onPostStop', () => engine.close());
        engine.load();
      },
    },
    permit: (rule, settings) => toMethod(engine.permits.permit(rule, settings)),
    loginLimits(settings) {
      const { decide } = createLoginGuard<Request, Request>(engine as never, settings);
      return toMethod(async (request) => void (await decide(request, request)));
    },
  };
}

/** hapi reads the challenge by this name, and makes its own error of those of all strategies. */
function toMissing(refusal: AuthError): Error {
  const answer = toRefusalAnswer(refusal);
  const headers = { 'WWW-Authenticate': refusal.headers['www-authenticate'] as string };
  return Object.assign(toBoom(refusal, { ...answer, headers }) as Error, { isMissing: true });
}
