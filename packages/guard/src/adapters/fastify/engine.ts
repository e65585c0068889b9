import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyPluginOptions,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
} from 'fastify';
import { isAuthError } from '../../core/index.ts';
import type { Answer } from '../../core/internal.ts';
import {
  type Engine,
  type EngineHost,
  LONGEST_MESSAGE,
  type OpenSessions,
  type Route,
  type Routes,
  receivedHeaders,
  toHeader,
} from '../engine/internal.ts';

/** Sends an answer of the engine's. */
export function send(reply: FastifyReply, answer: Answer): FastifyReply {
  addHeaders(reply.code(answer.status), answer);
  return reply.send(answer.body);
}

function addHeaders(
  reply: FastifyReply,
  { headers, setCookies }: Pick<Answer, 'headers' | 'setCookies'>,
): void {
  if (reply.sent) return;
  for (const [name, value] of Object.entries(headers))
    reply.header(name, toHeader(name, value, reply.getHeader(name)));
  for (const cookie of setCookies) reply.header('set-cookie', cookie);
}

/** The engine of `keycloakGuard`. */
export type FastifyEngine = Engine<FastifyRequest, FastifyReply>;
/** The sessions of `keycloakSession`. */
export type FastifySessions = OpenSessions<FastifyRequest, FastifyReply>;

/** On instances: the engine, for the other plugins of this package. */
export const ENGINE: unique symbol = Symbol('engine');
/** On instances of a scope with `keycloakSession`: its sessions. */
export const SESSIONS: unique symbol = Symbol('sessions');

declare module 'fastify' {
  interface FastifyInstance {
    readonly [ENGINE]: FastifyEngine;
    readonly [SESSIONS]?: FastifySessions;
  }
}

const OWN_RULES = {
  securityScheme: {
    rule: 'must be the name of a security scheme',
    example: "'bearerAuth'",
    accepts: (value: unknown) => typeof value === 'string' && value !== '',
  },
};

/** @param log the app's logger, if it has one */
export function toFastifyHost(log: FastifyBaseLogger | undefined): EngineHost<FastifyRequest, FastifyReply> {
  return {
    factory: 'keycloakGuard',
    ownRules: OWN_RULES,
    log,
    toRequest: ({ raw }) => raw,
    toSessionRequest: (request) => ({
      method: request.raw.method,
      url: request.url,
      headers: receivedHeaders(request.raw),
      origin: `${request.protocol}://${request.host}`,
      id: request.id,
    }),
    addToAnswer: addHeaders,
    addressOf: ({ ip }) => ip,
    paramsOf: ({ params }) => params,
    ...(log && { logOf: (request) => request.log }),
    debugsRefusals: true,
    sessionsOf: ({ server }) => server[SESSIONS],
  };
}

/** Refuses a request: answers it, or calls `done` with the error. */
export type Refuse = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void;

/**
 * An error handler of the app, of the scope or of the route, gets every refusal first. Without one, the answer is
 * `{"detail"}`: Fastify's own has the `code` in it, which tells people who forge tokens how far they got. A browser that asks
 * for a page is sent to the login before that.
 *
 * @param isLogged whether faults were logged already
 */
export function createRefuse(engine: FastifyEngine, isLogged = false): Refuse {
  return (error, request, reply, done) => {
    const hasHandler = hasErrorHandler(request);
    if (!hasHandler && !isLogged && isAuthError(error) && error.statusCode >= 500) {
      request.log.error({ err: error }, error.reason);
    }
    const answer = hasHandler ? engine.inviteToLogin(error, request) : engine.refusalOf(error, request);
    if (answer === undefined) done(error as Error);
    else send(reply, answer);
  };
}

/** On routes with an error handler. */
export const HAS_ERROR_HANDLER = Symbol('has an error handler');

/** Fastify's own has this name; it binds all others, and calls those "bound …". */
function hasErrorHandler({ server, routeOptions }: FastifyRequest): boolean {
  return server.errorHandler.name !== 'defaultErrorHandler' || HAS_ERROR_HANDLER in routeOptions.config;
}

/** Open, even in a guarded scope, and hidden in OpenAPI documents. */
const OPEN = { schema: { hide: true } as object, config: { guard: false } } as const;

/** Adds routes of the engine to an app. */
export function mountRoutes(
  app: FastifyInstance,
  { all }: Routes<FastifyRequest>,
  engine: FastifyEngine = app[ENGINE],
): void {
  const refuse = createRefuse(engine);
  for (const route of all) {
    if (route.method !== 'POST') mount(app, route, refuse);
    else {
      // A scope, because its body parsers are not the app's.
      app.register(async (scope) => {
        parseBodies(scope, route.readsBody);
        mount(scope, route, refuse);
      });
    }
  }
}

function mount(
  app: FastifyInstance,
  { method, path, takesHead, answer }: Route<FastifyRequest>,
  refuse: Refuse,
): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      return send(reply, await answer(request, request.body));
    } catch (error) {
      reply.header('cache-control', 'no-store');
      refuse(error, request, reply, (fault) => {
        throw fault;
      });
      return reply;
    }
  };
  app.route({ method, url: path, ...OPEN, ...(method === 'GET' && { exposeHeadRoute: takesHead }), handler });
}

function parseBodies(scope: FastifyInstance, readsBody: boolean): void {
  scope.removeAllContentTypeParsers();
  const type = readsBody ? 'application/x-www-form-urlencoded' : '*';
  const options = { parseAs: 'string', bodyLimit: LONGEST_MESSAGE } as const;
  scope.addContentTypeParser(type, options, (_request, body, done) =>
    done(null, readsBody ? body : undefined),
  );
}

/** A scope of Fastify inherits from the one around it. The outermost one has no prefix. */
export function rootOf(scope: FastifyInstance): FastifyInstance {
  const parent: Partial<FastifyInstance> | null = Object.getPrototypeOf(scope);
  return typeof parent?.addHook === 'function' ? rootOf(parent as FastifyInstance) : scope;
}

/**
 * Does the work of `fastify-plugin`, which users of every framework would have to install: the plugin shares the scope of the
 * app, has a name, and says which Fastify it needs. Fastify reads these three symbols.
 *
 * @param dependencies names of plugins that must be registered before
 * @see https://fastify.dev/docs/latest/Guides/Plugins-Guide/
 */
export function asPlugin<Options extends FastifyPluginOptions>(
  name: string,
  plugin: FastifyPluginAsync<Options>,
  dependencies: readonly string[] = [],
): FastifyPluginAsync<Options> {
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: name,
    [Symbol.for('plugin-meta')]: { name, fastify: '5.x', dependencies },
  });
}

/** A plugin that needs `keycloakGuard` to be registered before. */
export function asPart<Options extends FastifyPluginOptions>(
  name: string,
  plugin: (app: FastifyInstance, options: Options, engine: FastifyEngine) => Promise<void>,
): FastifyPluginAsync<Options> {
  return asPlugin<Options>(`keycloak-guard-${name}`, (app, options) => plugin(app, options, app[ENGINE]), [
    'keycloak-guard',
  ]);
}
