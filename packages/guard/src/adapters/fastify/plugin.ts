import type { FastifyContextConfig, FastifyInstance, onRequestHookHandler } from 'fastify';
import { OptionsError, type Requirements, type TokenVerifier } from '../../core/index.ts';
import { type Health, healthOf } from '../../core/internal.ts';
import { type Asking, type Connection, createEngine, requirementsOf } from '../engine/internal.ts';
import { asPlugin } from './as-plugin.ts';
import { createGuardDocumentation } from './documentation.ts';
import { ENGINE, toFastifyHost } from './engine.ts';
import { type GuardHook, type GuardOptions, type SessionAuthenticator, toGuardHook } from './guard-hook.ts';
import { type KeycloakGuardOptions, loggerOf, resolveGuardOptions } from './plugin-options.ts';
import { createRefuse, HAS_ERROR_HANDLER } from './refuse.ts';

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
      requirements?: Asking<FastifyRequest, Requirements>,
    ): Promise<Connection>;
    /** Whether this process can verify tokens, for a route of your own that a load balancer asks. */
    keycloakHealth(): Health;
    /** Decorated by `keycloakSession`: guards then accept its cookie if the `Authorization` header is missing. */
    readonly sessionAuthenticator?: SessionAuthenticator;
    /**
     * The caller's access token, to call another API on their behalf: the bearer token as it was sent, or the session's
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
  const engine = createEngine(resolveGuardOptions(options, log), toFastifyHost(log));
  const refuse = createRefuse(engine);
  const guard = (...given: [GuardOptions?]) => toGuardHook(engine.gate(requirementsOf(given)), refuse);
  const documentation = createGuardDocumentation(options.securityScheme ?? 'bearerAuth');

  app.decorate(ENGINE, engine);
  app.decorate('verifier', engine.verifier);
  app.decorateRequest('principal', null);
  app.decorate('guard', guard);
  app.decorate('accessToken', engine.accessToken);
  app.decorate('keycloakHealth', () => healthOf(engine.verifier));
  app.decorate('guardConnection', async (request, ...given) =>
    engine.connections.guard(requirementsOf(given)).open(request),
  );
  app.addHook('onClose', () => engine.close());
  app.decorate('guardAll', function guardAll(this: FastifyInstance, ...given: [GuardOptions?]) {
    const isOpen: Parameters<typeof engine.gate>[1] = ({ routeOptions }) =>
      routeOptions.config.guard === false;
    const hook = toGuardHook(engine.gate(requirementsOf(given), isOpen), refuse);
    this.addHook('onRequest', hook);
    this.addHook('onRoute', (route) => {
      if (route.config?.guard !== false) documentation.addSecurity(route, hook);
    });
  });
  app.addHook('onRoute', (route) => {
    const wanted = wantedOf(route.config);
    const added = wanted === undefined || wanted === false ? [] : [guard(wanted === true ? {} : wanted)];
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
function wantedOf(config: FastifyContextConfig = {}): FastifyContextConfig['guard'] {
  if (config.guard !== undefined || !('guard' in config)) return config.guard;
  const rule = 'is undefined: give it a value, or leave it out';
  throw new OptionsError('keycloakGuard', [{ option: 'config.guard', rule, example: 'true' }]);
}

const IS_GUARDED = Symbol('is guarded');
/** What Fastify prints without routes. */
const NO_ROUTES = '(empty tree)';

/** Guards the routes with `config.guard` that were added before this plugin was loaded. */
function createLateGuard(guard: (requirements: GuardOptions) => GuardHook): onRequestHookHandler {
  const hooks = new Map<object, GuardHook>();
  return function lateGuard(request, reply, done) {
    const { config } = request.routeOptions;
    const wanted = wantedOf(config);
    if (wanted === undefined || wanted === false || IS_GUARDED in config) {
      done();
      return;
    }
    const hook = hooks.get(config) ?? guard(wanted === true ? {} : wanted);
    hooks.set(config, hook);
    hook(request, reply, done);
  };
}
