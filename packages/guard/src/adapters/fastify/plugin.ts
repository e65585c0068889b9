import type {
  FastifyBaseLogger,
  FastifyContextConfig,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
  onRequestHookHandler,
  RouteOptions,
} from 'fastify';
import { type AppClaims, OptionsError, type Requirements, type TokenVerifier } from '../../core/index.ts';
import {
  type SessionAuthenticator as CoreSessionAuthenticator,
  type Health,
  healthOf,
  type RequestGuard,
} from '../../core/internal.ts';
import {
  type OnDenied as AdapterOnDenied,
  type AdapterOptions,
  type Connection,
  createEngine,
  type GuardRequirements,
  isDenying,
  requirementsOf,
  toAnswers,
  toCallbackGuard,
  toSecurity,
  type VerifierSource,
} from '../engine/internal.ts';
import { asPlugin, createRefuse, ENGINE, HAS_ERROR_HANDLER, type Refuse, toFastifyHost } from './engine.ts';

/** The requirements of a route, which may be a function of the request. `{}`: any valid token; `optional`: or no token at all. */
export type GuardOptions = GuardRequirements<FastifyRequest>;

/** Called for each refused request, for an audit log. Its result is ignored. */
export type OnDenied = AdapterOnDenied<FastifyRequest>;

/**
 * Finds the caller by a session cookie without an `Authorization` header. `null` without a session.
 * Throws or rejects with an `AuthError`.
 */
export type SessionAuthenticator = CoreSessionAuthenticator<FastifyRequest, FastifyReply>;

/** A synchronous `onRequest` hook: a known token costs no promise. */
export interface GuardHook {
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void;
  readonly requirements: Requirements;
  readonly isOptional: boolean;
}

function toGuardHook(guard: RequestGuard<FastifyRequest, FastifyReply>, refuse: Refuse): GuardHook {
  const hook = toCallbackGuard<FastifyRequest, FastifyReply, HookHandlerDoneFunction>(guard, refuse);
  return Object.assign(hook, { requirements: guard.requirements, isOptional: guard.isOptional });
}

/** An `onRequest` or `preHandler` hook; an answer from memory costs no promise. */
export interface PermitHook {
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void;
  /** The permissions that are asked for, for documentation. Empty if they depend on the request. */
  readonly permissions: readonly string[];
  /** The status of a refusal. */
  readonly permitStatus: 403 | 404;
}

interface DocumentedSchema {
  security?: object;
  response?: Record<string, unknown>;
}

const BODY = { 'application/json': { schema: { type: 'object', additionalProperties: true } } };

/** Describes guards in a route's OpenAPI documentation (`@fastify/swagger`). */
function createGuardDocumentation(securityScheme: string) {
  const guarded = new Map<RouteOptions, GuardHook[]>();
  const permitted = new Map<RouteOptions, PermitHook[]>();

  const said = new WeakSet<object>();

  return {
    /** Adds security and its scopes, unless the route declares them. Call it while routes are registered. */
    addSecurity(route: RouteOptions, hook: unknown): void {
      if (isPermitHook(hook)) permitted.set(route, [...(permitted.get(route) ?? []), hook]);
      if (!isGuardHook(hook)) return;
      const known = guarded.get(route);
      const hooks = [...(known ?? []), hook];
      guarded.set(route, hooks);
      const schema = (route.schema ?? {}) as DocumentedSchema;
      // Security that the route declares itself stays. That of its other guards is replaced.
      if (schema.security !== undefined && (known === undefined || !said.has(schema.security))) return;
      const security = toSecurity(hooks, securityScheme);
      said.add(security);
      route.schema = { ...schema, security } as NonNullable<RouteOptions['schema']>;
    },
    // Not before Fastify has compiled the serializers: they would cut the application's own error bodies.
    /** Adds the answers. Call it when the application is ready. */
    addAnswers(): void {
      for (const [route, hooks] of guarded) {
        const schema = route.schema as DocumentedSchema;
        const permits = (permitted.get(route) ?? []).map(({ permissions, permitStatus: status }) => ({
          permissions,
          status,
        }));
        const answers = toAnswers(hooks.some(isDenying), permits, (description) => ({
          description,
          content: BODY,
        }));
        const own = schema.response ?? { 200: { description: 'Default Response' } };
        schema.response = { ...answers, ...own };
      }
    },
  };
}

function isPermitHook(hook: unknown): hook is PermitHook {
  return typeof hook === 'function' && 'permitStatus' in hook;
}

function isGuardHook(hook: unknown): hook is GuardHook {
  return typeof hook === 'function' && 'requirements' in hook && 'isOptional' in hook;
}

/** Options of the plugin: those of a verifier, or a verifier made before. Lines go to the app's own logger. */
export type KeycloakGuardOptions = VerifierSource<AppClaims, FastifyRequest> &
  Omit<AdapterOptions<FastifyRequest>, 'log'> & {
    /** Name of the security scheme in OpenAPI documents. Default `bearerAuth`. */
    readonly securityScheme?: string | undefined;
  };

/** `undefined` if the app has no logger: what Fastify puts in its place has one function for all levels, and no level. */
function loggerOf({ log }: { readonly log: FastifyBaseLogger }): FastifyBaseLogger | undefined {
  return log.level === undefined && log.error === log.trace ? undefined : log;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The verifier of keycloak-guard. */
    readonly verifier: TokenVerifier;
    /**
     * An `onRequest` hook for authenticated requests that meet the requirements. It sets `request.principal`.
     */
    guard(requirements?: GuardOptions): GuardHook;
    /**
     * Guards every route of this scope and of the scopes in it, whether registered before or after, but none with
     * `config: { guard: false }`. A URL without a route is of the scope whose not-found handler answers it. The OpenAPI document
     * describes the routes that come after it.
     */
    guardAll(requirements?: GuardOptions): void;
    /**
     * Guards a connection that stays open, a WebSocket or server-sent events. The result says who is on it, and its `signal`
     * aborts when it has to end. Guard the route as every other one.
     *
     * @throws {OptionsError} (rejects with one) for a misspelt or empty requirement
     * @throws {AuthError} rejects with the error that a guard would refuse the request with
     * @example
     * const connection = await app.guardConnection(request);
     * connection.signal.addEventListener('abort', () => socket.close());
     * socket.once('close', connection.end);
     */
    guardConnection(
      request: FastifyRequest,
      requirements?: GuardRequirements<FastifyRequest, Requirements>,
    ): Promise<Connection>;
    /** Whether this process can verify tokens, for a route of your own that a load balancer asks. */
    keycloakHealth(): Health;
    /** Decorated by `keycloakSession`: guards then accept its cookie if the `Authorization` header is missing. */
    readonly sessionAuthenticator?: SessionAuthenticator;
    /**
     * The caller's access token, to call another API on their behalf: the token as it was sent, or the session's
     * token, renewed if it is about to expire. `null` without either. Rejects with an `AuthError`.
     */
    accessToken(request: FastifyRequest): Promise<string | null>;
  }
  interface FastifyRequest {
    /** The caller; `null` if no guard ran, or an optional one found no token. In guarded routes use `principalOf`. */
    principal: import('../../core/index.ts').Principal | null;
  }
  interface FastifyContextConfig {
    /**
     * Guards the route: `true` for every authenticated request. `false` opens it in a scope that `guardAll` guards:
     * every request passes, and a valid token sets `request.principal`.
     */
    guard?: GuardOptions | boolean;
  }
}

/**
 * Fastify plugin: checks bearer tokens of Keycloak and guards routes.
 *
 * @throws {OptionsError} at registration, naming every option that is missing, wrong or unknown
 * @example
 * await app.register(keycloakGuard, { serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * app.get('/hello', { onRequest: app.guard() }, (request) => ({ hello: principalOf(request).username }));
 */
export const keycloakGuard = asPlugin<KeycloakGuardOptions>('keycloak-guard', async (app, options) => {
  const log = loggerOf(app);
  const engine = createEngine<FastifyRequest, FastifyReply>(options, toFastifyHost(log));
  const refuse = createRefuse(engine);
  const guard = (...args: [GuardOptions?]) => toGuardHook(engine.guard(requirementsOf(args)), refuse);
  const documentation = createGuardDocumentation(options.securityScheme ?? 'bearerAuth');

  app.decorate(ENGINE, engine);
  app.decorate('verifier', engine.verifier);
  app.decorateRequest('principal', null);
  app.decorate('guard', guard);
  app.decorate('accessToken', engine.accessToken);
  app.decorate('keycloakHealth', () => healthOf(engine.verifier, engine.tenants?.nobody));
  app.decorate('guardConnection', async (request, ...args) =>
    engine.connections.guard(requirementsOf(args)).open(request),
  );
  app.addHook('onClose', () => engine.close());
  app.decorate('guardAll', function guardAll(this: FastifyInstance, ...args: [GuardOptions?]) {
    const isOpen: Parameters<typeof engine.guard>[1] = ({ routeOptions }) =>
      routeOptions.config.guard === false;
    const hook = toGuardHook(engine.guard(requirementsOf(args), isOpen), refuse);
    this.addHook('onRequest', hook);
    this.addHook('onRoute', (route) => {
      if (route.config?.guard !== false) documentation.addSecurity(route, hook);
    });
  });
  app.addHook('onRoute', (route) => {
    const requirements = guardOf(route.config);
    const added =
      requirements === undefined || requirements === false
        ? []
        : [guard(requirements === true ? {} : requirements)];
    const hooks = [...added, ...[route.onRequest ?? []].flat()];
    if (added.length > 0) {
      route.onRequest = hooks;
      route.config = { ...route.config, [IS_GUARDED]: true } as NonNullable<typeof route.config>;
    }
    if (route.errorHandler !== undefined) {
      route.config = { ...route.config, [HAS_ERROR_HANDLER]: true } as NonNullable<typeof route.config>;
    }
    for (const hook of [...hooks, ...[route.preHandler ?? []].flat()]) documentation.addSecurity(route, hook);
  });

  // A plugin that is registered without `await` is loaded after the routes below it.
  if (app.printRoutes() !== NO_ROUTES) app.addHook('onRequest', createLateGuard(guard));

  app.addHook('onReady', async () => documentation.addAnswers());

  engine.load();
});

/** @throws {OptionsError} for a guard that is given and undefined: the route would be open */
function guardOf(config: FastifyContextConfig = {}): FastifyContextConfig['guard'] {
  if (config.guard !== undefined || !('guard' in config)) return config.guard;
  const rule = 'is undefined: give it a value, or leave it out';
  throw new OptionsError('keycloakGuard', [{ option: 'config.guard', rule, example: 'true' }]);
}

const IS_GUARDED = Symbol('is guarded');
/** Fastify prints this without routes. */
const NO_ROUTES = '(empty tree)';

/** Guards the routes with `config.guard` that were added before this plugin was loaded. */
function createLateGuard(guard: (requirements: GuardOptions) => GuardHook): onRequestHookHandler {
  const hooks = new Map<object, GuardHook>();
  return function lateGuard(request, reply, done) {
    const { config } = request.routeOptions;
    const routeGuard = guardOf(config);
    if (routeGuard === undefined || routeGuard === false || IS_GUARDED in config) {
      done();
      return;
    }
    const hook = hooks.get(config) ?? guard(routeGuard === true ? {} : routeGuard);
    hooks.set(config, hook);
    hook(request, reply, done);
  };
}
