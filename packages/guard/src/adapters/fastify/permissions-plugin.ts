import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { isAuthError } from '../../core/index.ts';
import {
  type Decide,
  type PermissionSettings,
  type Permissions,
  type PermitOptions,
  type PermitRule,
  type RuleOfRequest,
  toCallbackGuard,
  toPermitGate,
} from '../engine/internal.ts';
import { asPart } from './as-plugin.ts';
import type { FastifyEngine } from './engine.ts';
import type { OnDenied } from './guard-hook.ts';
import { createRefuse } from './refuse.ts';

/**
 * Options of {@link keycloakPermissions}: those of `createPermissions`, or permissions made before. The default of
 * `clientSecret` is that of `keycloakGuard`.
 */
export type KeycloakPermissionsOptions = PermissionSettings & {
  /** Called for each request that is refused by permission, beside the `onDenied` of `keycloakGuard`. */
  readonly onDenied?: OnDenied | undefined;
};

/** An `onRequest` or `preHandler` hook; an answer from memory costs no promise. */
export interface PermitHook {
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void;
  /** The permissions that are asked for, for documentation. Empty if they depend on the request. */
  readonly asked: readonly string[];
  /** The status of a refusal. */
  readonly permitStatus: 401 | 403 | 404;
}

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
  async (app, { onDenied, ...settings }, engine) => {
    // Applications that only guard routes load no permissions.
    const { createPermits } = await import('../face/internal.ts');
    const permits = createPermits(withListener(engine, onDenied));
    const refuse = createRefuse(engine, true);
    const toHook = (decide: Decide<FastifyRequest>) =>
      toCallbackGuard<FastifyRequest, FastifyReply, HookHandlerDoneFunction>(
        toPermitGate(decide, ({ principal }) => principal),
        refuse,
      );
    app.decorate('permissions', permits.open(settings));
    app.decorate('permit', (rule, options) => {
      const decide = permits.permit<FastifyRequest>(rule, options);
      return Object.assign(toHook(decide), { asked: decide.asked, permitStatus: decide.status });
    });
  },
);

function withListener(engine: FastifyEngine, onDenied: OnDenied | undefined): FastifyEngine {
  return {
    ...engine,
    factory: 'keycloakPermissions',
    refuse(request, error, principal = null) {
      try {
        return engine.refuse(request, error, principal);
      } catch (refusal) {
        if (onDenied !== undefined && isAuthError(refusal))
          engine.tell(request, 'onDenied', () => onDenied(request, refusal, principal));
        throw refusal;
      }
    },
  };
}
