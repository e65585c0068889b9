import type { FastifyPluginAsync, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { OptionsError } from '../../core/index.ts';
import { withoutEndSlashes } from '../../core/internal.ts';
import type { Calls, EventsOf, LoginLimitSettings, McpOptions } from '../engine/index.ts';
import {
  type BackchannelLogoutOptions,
  createCalls,
  createEvents,
  createLoginGuard,
  createPermits,
  type Decide,
  type McpCaller,
  openNodeMcp,
  type PermissionSettings,
  type Permissions,
  type PermitOptions,
  type PermitRule,
  type ProtectedResourceOptions,
  type RuleOfRequest,
  type SessionSettings,
  toCallbackGuard,
  toPermitGuard,
} from '../engine/internal.ts';
import { asPart, createRefuse, mountRoutes, rootOf, SESSIONS, send } from './engine.ts';
import type { PermitHook } from './plugin.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Calls to other services, with their tokens. Decorated by `keycloakCalls`. */
    readonly calls: Calls<FastifyRequest>;
    /** Keycloak's events, followed. Decorated by `keycloakEvents`. */
    readonly keycloakEvents: ReturnType<EventsOf['events']>;
    /**
     * A `preHandler` hook for a login of your own: answers 429 with `Retry-After` to those who try too often, and `RateLimit-*`
     * to everybody. Decorated by `keycloakLoginLimits`.
     */
    loginLimits(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void;
  }
}

/**
 * Fastify plugin: lets Keycloak report that a session ended, so that its tokens are refused at once. Needs `keycloakGuard`
 * to be registered before.
 *
 * Answers 204, or 400 with `{"error", "error_description", "detail"}`. Keycloak waits for the answer while the user logs
 * out, so it does nothing slow.
 *
 * @throws {OptionsError} at registration, naming every option that is wrong or unknown
 * @see OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8
 */
export const backchannelLogout = asPart<BackchannelLogoutOptions>(
  'backchannel-logout',
  async (app, options, engine) => mountRoutes(app, engine.messages(options)),
);

/**
 * Fastify plugin: publishes which resource this API is, so that clients which only know its URL find Keycloak and the scopes.
 * Answers `GET /.well-known/oauth-protected-resource`, followed by the path of the URL; every challenge names it. Needs
 * `keycloakGuard` to be registered before.
 *
 * @throws {OptionsError} at registration, naming every option that is missing, wrong or unknown
 * @see RFC 9728
 * @example
 * await app.register(protectedResource, { url: 'https://api.example.com', scopes: ['orders:read'] });
 */
export const protectedResource = asPart<ProtectedResourceOptions & { readonly prefix?: never }>(
  'protected-resource',
  async (app, options, engine) => mountRoutes(app, engine.protectedResource(options)),
);

/**
 * Fastify plugin: calls other services in the name of callers, and in the application's own. Needs `keycloakGuard`.
 *
 * @example
 * await app.register(keycloakGuard, { ...keycloak, audience: 'shop' });
 * await app.register(keycloakCalls);
 * const orders = app.calls.fetchFor({ origin: 'https://orders.internal', audience: 'orders' });
 * app.get('/checkout', { onRequest: app.guard() }, async (request) => (await orders(request, '/orders/7')).json());
 */
export const keycloakCalls = asPart<Record<never, never>>('calls', async (app, _options, engine) => {
  app.decorate('calls', createCalls<FastifyRequest>({ ...engine, factory: 'keycloakCalls' } as never));
});

/**
 * Fastify plugin: follows Keycloak's events. Needs `keycloakGuard`.
 *
 * @example
 * await app.register(keycloakGuard, { ...keycloak, clientSecret });
 * await app.register(keycloakEvents);
 * app.keycloakEvents.onUser({ deleted: ({ subject }) => db.users.remove(subject) });
 */
export const keycloakEvents = asPart<NonNullable<Parameters<EventsOf['events']>[0]>>(
  'events',
  async (app, options, { verifier, tenants }) => {
    const events = createEvents('keycloakEvents', verifier, tenants).events({ ...options });
    app.decorate('keycloakEvents', events);
    app.addHook('onClose', () => events.close());
  },
);

/** Options of {@link keycloakSession}. Default of `client`: that of `keycloakGuard`, if it is of one realm. */
export type KeycloakSessionOptions = SessionSettings<FastifyRequest>;

/**
 * Fastify plugin: signs people in with the browser and keeps them signed in, with a cookie that holds no token.
 * Guards of the scope it is registered in then accept the cookie as well as a bearer token. Needs `keycloakGuard`.
 *
 * - `GET /auth/login?return_to=/path` → Keycloak → `GET /auth/callback` → back
 * - `GET /auth/session` → `{"authenticated", "user", "idle_expires_at", "expires_at"}`, times in seconds since 1970
 * - `POST /auth/logout` → Keycloak → back; only from a page of this origin
 *
 * The client in Keycloak needs the standard flow, `<public URL>/auth/callback` as redirect URI and `<public URL>/` as
 * post logout redirect URI. Register `backchannelLogout` too, so that a logout in Keycloak ends sessions at once.
 *
 * @throws {OptionsError} at registration, naming every option that is missing or wrong
 * @see OAuth 2.0 for Browser-Based Applications, §6.1 "Backend For Frontend"; RFC 9700
 * @example
 * await app.register(keycloakGuard, keycloak);
 * await app.register(keycloakSession, { secret: process.env.SESSION_SECRET ?? '' });
 */
export const keycloakSession = asPart<KeycloakSessionOptions>('session', async (app, settings, engine) => {
  // Its paths are below that of the scope: without the whole address the browser and Keycloak would be sent to others.
  const { publicUrl = '' } = settings;
  const path = withoutEndSlashes(String(publicUrl).replace(/^https?:\/\/[^/]*/i, ''));
  const isWhole = path.endsWith(withoutEndSlashes(app.prefix));
  if (!isWhole && engine.tenants === undefined) {
    const rule = 'must end with the prefix of the scope';
    const example = `'https://app.example.com${app.prefix}'`;
    throw new OptionsError('keycloakSession', [{ option: 'publicUrl', rule, example }]);
  }
  const sessions = engine.createSessions(settings, 'keycloakSession');
  app.decorate('sessionAuthenticator', sessions.authenticate);
  app.decorate(SESSIONS, sessions);
  mountRoutes(app, sessions.routes);
  app.addHook('onClose', () => sessions.close());
});

/**
 * Fastify plugin: limits logins. Needs `keycloakGuard`.
 *
 * @throws {OptionsError} at registration, naming every option that is wrong or unknown
 * @see RFC 6585 §4, docs/production.md
 * @example
 * await app.register(keycloakLoginLimits, { username: ({ body }) => body?.username });
 * app.post('/login', { preHandler: app.loginLimits }, login);
 */
export const keycloakLoginLimits: FastifyPluginAsync<LoginLimitSettings<FastifyRequest>> = asPart(
  'login-limits',
  async (app, options, engine) => {
    const guard = createLoginGuard(engine, options, ({ principal }) => principal);
    app.decorate('loginLimits', toCallbackGuard(guard, createRefuse(engine)));
  },
);

/**
 * Fastify plugin: guards every route of its scope as an MCP server, but none with `config: { guard: false }`, and answers its
 * metadata at the root of the application. Sets `request.principal`, and `request.raw.auth` for the SDK's transport. Needs
 * `keycloakGuard` to be registered before.
 *
 * @throws {OptionsError} at registration, naming every option that is missing, wrong or unknown
 * @see Model Context Protocol, "Authorization"
 * @example
 * await app.register(async (scope) => {
 *   await scope.register(keycloakMcp, { url: 'https://example.com/mcp', scopes: ['mcp:tools'] });
 *   scope.all('/mcp', async (request, reply) => {
 *     reply.hijack();
 *     await transport.handleRequest(request.raw, reply.raw, request.body);
 *   });
 * });
 */
export const keycloakMcp = asPart<McpOptions & { readonly prefix?: never }>(
  'mcp',
  async (app, options, engine) => {
    const refuse = createRefuse(engine);
    const mcp = openNodeMcp(engine, options);
    mountRoutes(rootOf(app), mcp.publish(), engine);
    const { admit, assertMayCall, mayBringMessage } = await mcp.loading;
    const callers = new WeakMap<FastifyRequest, McpCaller>();

    app.addHook('onRequest', (request, reply, done) => {
      if (request.routeOptions.config.guard === false) return done();
      admit(request, reply, { raw: request.raw, response: reply.raw }).then(
        (admitted) => {
          if (admitted === null || 'status' in admitted) return void (admitted && send(reply, admitted));
          callers.set(request, admitted);
          request.principal = admitted.principal;
          done();
        },
        (error: unknown) => refuse(error, request, reply, done),
      );
    });

    if (!mcp.readsBodies) return;
    app.addHook('preHandler', (request, reply, done) => {
      const caller = callers.get(request);
      try {
        if (caller !== undefined && mayBringMessage(request.method))
          assertMayCall(request, caller, request.body);
        done();
      } catch (error) {
        refuse(error, request, reply, done);
      }
    });
  },
);

/**
 * Options of {@link keycloakPermissions}: those of `createPermissions`. The default of `clientSecret` is that of `keycloakGuard`.
 */
export type KeycloakPermissionsOptions = PermissionSettings;

declare module 'fastify' {
  interface FastifyInstance {
    /** Keycloak's permissions. Decorated by `keycloakPermissions`. */
    readonly permissions: Permissions;
    /**
     * A hook for callers who have the permission in Keycloak. Put it after `app.guard`. Decorated by
     * `keycloakPermissions`.
     *
     * @throws {OptionsError} for a wrong rule or option
     */
    permit(
      rule: PermitRule | RuleOfRequest<FastifyRequest>,
      options?: PermitOptions<FastifyRequest>,
    ): PermitHook;
  }
}

/**
 * Fastify plugin: asks Keycloak's authorization services whether a caller has a permission. Needs `keycloakGuard`.
 *
 * @throws {OptionsError} at registration, naming every option that is missing, wrong or unknown
 * @example
 * await app.register(keycloakGuard, keycloak);
 * await app.register(keycloakPermissions);
 * app.get('/orders', { onRequest: [app.guard(), app.permit('orders#view')] }, listOrders);
 */
export const keycloakPermissions = asPart<KeycloakPermissionsOptions>(
  'permissions',
  async (app, settings, engine) => {
    const permits = createPermits({ ...engine, factory: 'keycloakPermissions' });
    const refuse = createRefuse(engine, true);
    const toHook = (decide: Decide<FastifyRequest>) =>
      toCallbackGuard<FastifyRequest, FastifyReply, HookHandlerDoneFunction>(
        toPermitGuard(decide, ({ principal }) => principal),
        refuse,
      );
    app.decorate('permissions', permits.open(settings));
    app.decorate('permit', (rule, options) => {
      const decide = permits.permit<FastifyRequest>(rule, options);
      return Object.assign(toHook(decide), { permissions: decide.permissions, permitStatus: decide.status });
    });
  },
);
