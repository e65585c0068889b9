import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { type Requirements, readBearerToken, type TokenVerifier } from '../../core/index.ts';
import { authorizationOf, type Gate, isForSession } from '../../core/internal.ts';
import {
  type Connection,
  type Connections,
  createConnections,
  createProtectedResources,
  type ProtectedResources,
  tell,
} from '../engine/index.ts';
import type { ClientSettings, SessionSettings } from '../engine/internal.ts';
import { asPlugin } from './as-plugin.ts';
import { createGuardDocumentation } from './documentation.ts';
import {
  createGuardHook,
  createTokenGate,
  type GuardHook,
  type GuardOptions,
  type SessionAuthenticator,
} from './guard-hook.ts';
import { guardNotFound } from './not-found-guard.ts';
import { type KeycloakGuardOptions, resolveGuardOptions } from './plugin-options.ts';
import { CONNECTIONS, RESOURCES, TOKEN_GATE } from './protected-resource.ts';
import {
  type AskedSessions,
  createRefuse,
  HAS_ERROR_HANDLER,
  OWN_CLIENT,
  REFUSE,
  type Refuse,
  SESSIONS,
} from './refuse.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The verifier of keycloak-guard. */
    readonly verifier: TokenVerifier;
    /**
     * An `onRequest` hook that lets authenticated requests pass which meet the requirements, and sets
     * `request.principal`.
     */
    guard(requirements?: GuardOptions): GuardHook;
    /**
     * Guards every route of this scope and of the scopes in it, whenever it was registered, but none with
     * `config: { guard: false }`; and what it has no route for, if it has a prefix or is the outermost one: a scope
     * without a prefix of its own owns no other URLs. The OpenAPI document tells of the routes that come after it.
     */
    guardAll(requirements?: GuardOptions): void;
    readonly [REFUSE]: Refuse;
    readonly [OWN_CLIENT]: () => Promise<SessionSettings<FastifyRequest>['client']>;
    readonly [RESOURCES]: ProtectedResources;
    readonly [CONNECTIONS]: Connections<FastifyRequest>;
    readonly [TOKEN_GATE]: Gate<FastifyRequest, FastifyReply>;
    /**
     * Guards a connection that stays open, a WebSocket or server-sent events: says who it is, and when it has to end. In a
     * route that is guarded as every other one.
     *
     * @throws {OptionsError} for a requirement that is misspelt or empty
     * @throws {AuthError} rejects with what a guard would refuse the request for
     * @example
     * const connection = await app.guardConnection(request);
     * connection.signal.addEventListener('abort', () => socket.close());
     * socket.once('close', connection.end);
     */
    guardConnection(request: FastifyRequest, requirements?: Requirements): Promise<Connection>;
    /** Decorated by `keycloakSession`: guards then take its cookie where there is no `Authorization` header. */
    readonly sessionAuthenticator?: SessionAuthenticator;
    readonly [SESSIONS]?: AskedSessions;
    /**
     * The access token of the caller, for a call of another API on their behalf: the bearer token as it came, or that of the
     * session, renewed when it is about to expire. `null`: nobody is there. Rejects with an `AuthError`.
     */
    accessToken(request: FastifyRequest): Promise<string | null>;
  }
  interface FastifyRequest {
    /** Who is calling; `null` where no guard ran, or an optional one found no token: `principalOf` is for the rest. */
    principal: import('../../core/index.ts').Principal | null;
  }
  interface FastifyContextConfig {
    /**
     * Guards the route: `true` for everybody who is authenticated. `false` opens it where `guardAll` guards its scope:
     * whoever calls gets in, and `request.principal` is set where a good token came.
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
  const { verifier, isOwn, securityScheme, ...resolved } = resolveGuardOptions(options, app.log);
  const resources = createProtectedResources();
  const reporting = { ...resolved, resources };
  const guard = (requirements?: GuardOptions) => createGuardHook(verifier, requirements ?? {}, reporting);

  const documentation = createGuardDocumentation(securityScheme);

  app.decorate('verifier', verifier);
  app.decorate(REFUSE, createRefuse(reporting.explain));
  // Applications that only guard routes load nothing of it.
  app.decorate(OWN_CLIENT, async () =>
    (await import('../engine/internal.ts')).clientOf(verifier, options as ClientSettings),
  );
  app.decorate(RESOURCES, resources);
  app.decorate(TOKEN_GATE, createTokenGate(verifier, reporting));
  app.decorateRequest('principal', null);
  app.decorate('guard', guard);
  app.decorate('accessToken', async (request) => {
    const sessions = request.server[SESSIONS];
    if (sessions !== undefined && isForSession(request.raw)) return sessions.accessToken(request);
    return authorizationOf(request.raw) === undefined ? null : readBearerToken(request.raw);
  });
  const connections = createConnections<FastifyRequest>(verifier, {
    toRequest: ({ raw }) => raw,
    sessionOf: ({ server }) => server[SESSIONS]?.watch,
    resourceOf: ({ url }) => resources.find(url),
    onDenied: (request, error, principal) =>
      reporting.onDenied &&
      tell(request.log, 'onDenied', () => reporting.onDenied?.(request, error, principal)),
  });
  app.decorate(CONNECTIONS, connections);
  app.decorate('guardConnection', async (request, requirements = {}) =>
    connections.guard(requirements).open(request),
  );
  app.addHook('onClose', async () => connections.close());
  app.decorate('guardAll', function guardAll(this: FastifyInstance, requirements?: GuardOptions) {
    const hook = createGuardHook(verifier, requirements ?? {}, { ...reporting, isForAll: true });
    this.addHook('onRequest', hook);
    guardNotFound(this, hook);
    this.addHook('onRoute', (route) => {
      if (route.config?.guard !== false) documentation.addSecurity(route, hook);
    });
  });
  app.addHook('onRoute', (route) => {
    const wanted = route.config?.guard;
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

  // Not for nothing: a plugin that is not awaited is loaded after the routes below it.
  if (app.printRoutes() !== NO_ROUTES) app.addHook('onRequest', createLateGuard(guard));

  app.addHook('onReady', async () => documentation.addAnswers());

  if (isOwn) app.addHook('onClose', () => verifier.close());
  // Not awaited: an API must start, and answer what needs no token, while Keycloak is down.
  Promise.resolve(verifier.load()).catch((err) => app.log.error({ err }, 'the verifier could not load'));
});

const IS_GUARDED = Symbol('is guarded');
/** What Fastify prints where there are none. */
const NO_ROUTES = '(empty tree)';

/** Guards the routes that asked for it (`config.guard`) before this plugin was loaded. */
function createLateGuard(guard: (requirements: GuardOptions) => GuardHook): onRequestHookHandler {
  const hooks = new Map<object, GuardHook>();
  return function lateGuard(request, reply, done) {
    const { config } = request.routeOptions;
    if (config?.guard === undefined || config.guard === false || IS_GUARDED in config) {
      done();
      return;
    }
    let hook = hooks.get(config);
    if (hook === undefined) {
      hook = guard(config.guard === true ? {} : config.guard);
      hooks.set(config, hook);
    }
    hook(request, reply, done);
  };
}
