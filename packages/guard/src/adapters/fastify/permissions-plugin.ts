import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction, onRequestHookHandler } from 'fastify';
import type {
  PathEnforcerOptions,
  PathRequest,
  Permissions,
  PermissionsOptions,
  PermitOptions,
  PermitRule,
  RuleOfRequest,
} from '../../authz/index.ts';
import { isAuthError } from '../../core/index.ts';
import { tell, toOneRealm } from '../engine/index.ts';
import { asPlugin } from './as-plugin.ts';
import type { OnDenied } from './guard-hook.ts';
import { REFUSE } from './refuse.ts';

/** Options of {@link keycloakPermissions}: those of `createPermissions`, or permissions made before. */
export type KeycloakPermissionsOptions = (
  | Omit<PermissionsOptions, 'verifier'>
  | {
      /** Needed where the verifier of `keycloakGuard` is of several realms. */
      readonly permissions: Permissions;
    }
) & {
  /** Told of each refusal, for an audit log. What it returns or throws changes nothing. */
  readonly onDenied?: OnDenied | undefined;
};

/** An `onRequest` or `preHandler` hook; an answer from memory costs no promise. */
export interface PermitHook {
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void;
  /** What is asked, for documentation; empty where it depends on the request. */
  readonly asked: readonly string[];
  /** The status of a refusal. */
  readonly permitStatus: 401 | 403 | 404;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Keycloak's permissions. Decorated by `keycloakPermissions`. */
    readonly permissions: Permissions;
    /**
     * A hook that lets requests pass whose principal has the permission, as Keycloak decides. Comes after `app.guard`.
     * Decorated by `keycloakPermissions`.
     *
     * @throws {OptionsError} for a rule or an option that is wrong
     */
    permit(
      rule: PermitRule | RuleOfRequest<FastifyRequest>,
      options?: PermitOptions<FastifyRequest>,
    ): PermitHook;
    /**
     * An `onRequest` hook that decides by path and method, for a whole application or scope: `addHook('onRequest', …)`
     * after `guardAll`. Decorated by `keycloakPermissions`.
     *
     * @throws {OptionsError} for an option or a part of the configuration that is wrong
     */
    pathEnforcer(options?: Omit<PathEnforcerOptions, 'permissions'>): onRequestHookHandler;
  }
}

/**
 * Fastify plugin: asks Keycloak's authorization services whether a caller has a permission. Needs `keycloakGuard`.
 *
 * @throws {OptionsError} at registration, naming every option that is missing, wrong or unknown
 * @example
 * await app.register(keycloakGuard, keycloak);
 * await app.register(keycloakPermissions, { clientSecret: process.env.KEYCLOAK_CLIENT_SECRET ?? '' });
 * app.get('/orders', { onRequest: [app.guard(), app.permit('orders#view')] }, listOrders);
 */
export const keycloakPermissions = asPlugin<KeycloakPermissionsOptions>(
  'keycloak-guard-permissions',
  async (app, { onDenied, ...options }) => {
    // Applications that only guard routes load nothing of it.
    const { createPathEnforcer, createPermissions, createPermit } = await import('../../authz/index.ts');
    const permissions =
      'permissions' in options
        ? options.permissions
        : createPermissions({
            ...(options as PermissionsOptions),
            verifier: toOneRealm('keycloakPermissions', app.verifier),
          });
    app.decorate('permissions', permissions);
    app.decorate('permit', (rule, more) => {
      const permit = createPermit<FastifyRequest>(permissions, rule, more);
      const hook = toHook((request) => permit.decide(request, request.principal), onDenied);
      return Object.assign(hook, { asked: permit.asked, permitStatus: permit.status });
    });
    app.decorate('pathEnforcer', (more) => {
      const enforcer = createPathEnforcer({ ...more, permissions });
      return toHook((request) => enforcer.decide(toPathRequest(request), request.principal), onDenied);
    });
  },
  ['keycloak-guard'],
);

function toHook(
  decide: (request: FastifyRequest) => void | Promise<void>,
  onDenied: OnDenied | undefined,
): onRequestHookHandler {
  return function permitHook(request, reply, done) {
    const refuse = (error: unknown): void => {
      if (isAuthError(error)) {
        const { code, reason, expected, seen } = error;
        request.log.debug({ code, reason, expected, seen }, 'access refused');
        if (onDenied !== undefined)
          tell(request.log, 'onDenied', () => onDenied(request, error, request.principal));
      }
      const refusal = error instanceof Error ? error : new Error('A permission threw what is not an error');
      request.server[REFUSE](refusal, request, reply, done);
    };
    let decided: void | Promise<void>;
    try {
      decided = decide(request);
    } catch (error) {
      refuse(error);
      return;
    }
    if (decided instanceof Promise) decided.then(() => done(), refuse);
    else done();
  };
}

/** The target as it came: what Fastify makes of it, its router alone knows. */
function toPathRequest(request: FastifyRequest): PathRequest {
  const { method = '', url = '' } = request.raw;
  const { headers, ip: remoteAddress, protocol, body } = request;
  return { method, url, headers, remoteAddress, isSecure: protocol === 'https', body };
}
