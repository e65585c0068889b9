import { type CanActivate, type ExecutionContext, Inject, Injectable, type Type } from '@nestjs/common';
import { AuthError, isAuthError } from 'keycloak-guard';
import { ofEach } from 'keycloak-guard/unstable/connect';
import { asOurs, kindOf, noteOf } from 'keycloak-guard/unstable/nest';
import {
  META_CONDITIONAL_SCOPES,
  META_ENFORCER_OPTIONS,
  META_RESOURCE,
  META_SCOPES,
  META_SKIP_AUTH,
  META_UNPROTECTED,
} from './constants.ts';
import type { ConditionalScopeFn, EnforcerOptionsInterface } from './decorators.ts';
import { rolesOf, toConnectToken } from './metadata.ts';
import {
  type Caller,
  type ConnectNote,
  type ConnectRequest,
  KeycloakConnectService,
  serviceOf,
} from './service.ts';

/** The handler's metadata, or else its class's. */
function metadataOf<T>(key: string, context: ExecutionContext): T | undefined {
  return (Reflect.getMetadata(key, context.getHandler()) ?? Reflect.getMetadata(key, context.getClass())) as
    | T
    | undefined;
}

const isPublic = (context: ExecutionContext): boolean =>
  metadataOf<boolean>(META_UNPROTECTED, context) === true;

/**
 * Admits callers with a valid token, and everybody to a `@Public()` handler; to one of `@Public(false)` not those with a bad
 * token. `request.user` then has the token's claims.
 *
 * @example
 * const everywhere = { provide: APP_GUARD, useClass: AuthGuard };
 */
export class AuthGuard implements CanActivate {
  readonly #keycloak: KeycloakConnectService;

  /** @param injected the service, or what the module provides instead: the arguments of nest-keycloak-connect's guards */
  constructor(...injected: readonly unknown[]) {
    this.#keycloak = serviceOf(injected);
  }

  /** Whether Nest may call the handler. @throws one of Nest's exceptions (rejects with one) if the call is refused */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (isPublic(context))
      await this.#keycloak.identify(context, metadataOf(META_SKIP_AUTH, context) === false);
    else await this.#keycloak.authenticate(context);
    return true;
  }
}

/**
 * Admits callers who have the roles of `@Roles`, those of the class and those of the handler. Without `@Roles` it admits
 * every caller.
 *
 * @example
 * const everywhere = { provide: APP_GUARD, useClass: RoleGuard };
 */
export class RoleGuard implements CanActivate {
  readonly #keycloak: KeycloakConnectService;
  readonly #roles = createRoleCache();

  /** @param injected the service, or what the module provides instead: the arguments of nest-keycloak-connect's guards */
  constructor(...injected: readonly unknown[]) {
    this.#keycloak = serviceOf(injected);
  }

  /** Whether Nest may call the handler. @throws one of Nest's exceptions (rejects with one) if the call is refused */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const required = this.#roles(context.getClass(), context.getHandler());
    if (required === null) return true;
    const { call, tenant, principal } = await this.#keycloak.authenticate(context);
    try {
      tenant.assertMeets(principal, required);
    } catch (error) {
      return this.#keycloak.refuse(error, context, call);
    }
    return true;
  }
}

/** Reads the roles of a handler once: guards are cached by the object that this returns. */
function createRoleCache(): typeof rolesOf {
  const ofClass = ofEach((controller: object) => ofEach((handler: object) => rolesOf(controller, handler)));
  return (controller, handler) => {
    try {
      return ofClass(controller)(handler);
    } catch (error) {
      const [ofController, ofHandler] = [controller, handler].map(({ name }: { name?: string }) => name);
      throw new TypeError(`${ofController}.${ofHandler}: ${(error as Error).message}`, { cause: error });
    }
  };
}

/**
 * Asks Keycloak's authorization services for the scopes of a resource (`@Resource`, `@Scopes`, `@ConditionalScopes`).
 * Without a resource or scopes, `ENFORCING` refuses everybody and `PERMISSIVE` leaves the decision to the other guards.
 * Scopes without a resource refuse everybody.
 *
 * @example
 * const everywhere = { provide: APP_GUARD, useClass: ResourceGuard };
 */
export class ResourceGuard implements CanActivate {
  readonly #keycloak: KeycloakConnectService;

  /** @param injected the service, or what the module provides instead: the arguments of nest-keycloak-connect's guards */
  constructor(...injected: readonly unknown[]) {
    this.#keycloak = serviceOf(injected);
  }

  /** Whether Nest may call the handler. @throws one of Nest's exceptions (rejects with one) if the call is refused */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (isPublic(context) && (await this.#keycloak.identify(context)) === null) return true;
    const resource = metadataOf<string>(META_RESOURCE, context);
    const conditional = metadataOf<ConditionalScopeFn>(META_CONDITIONAL_SCOPES, context);
    const fixed = scopesOf(context);
    const hasScopes = fixed.length > 0 || conditional !== undefined;
    const hasQuestion = resource !== undefined && hasScopes;
    // The author of the scopes expects that Keycloak is asked for them.
    const isLoose = resource === undefined && hasScopes;
    if (!hasQuestion && !isLoose && !this.#keycloak.isEnforcing) return true;
    const caller = await this.#keycloak.authenticate(context);
    try {
      if (isLoose) throw new AuthError('provider_misconfigured', '@Scopes needs a @Resource');
      if (!hasQuestion)
        throw denied('The handler has no @Resource, or no scopes, and the policy is ENFORCING');
      const scopes = [...new Set([...fixed, ...conditionalScopes(caller, conditional)])];
      if (scopes.length === 0 && this.#keycloak.isEnforcing) throw denied('No scope is asked for');
      if (scopes.length > 0) await assertGranted(caller, resource, scopes, context);
      leaveScopes(context, scopes);
    } catch (error) {
      if (!isAuthError(error)) throw error;
      return this.#keycloak.refuse(error, context, caller.call);
    }
    return true;
  }
}

function leaveScopes(context: ExecutionContext, scopes: readonly string[]): void {
  const note: ConnectNote = noteOf(context);
  note.scopes = scopes;
  if (kindOf(context) === 'http') context.getArgByIndex<ConnectRequest>(0).scopes = scopes;
}

/** The scopes of the handler and of its class. */
function scopesOf(context: ExecutionContext): readonly string[] {
  const at = (on: object) => (Reflect.getMetadata(META_SCOPES, on) ?? []) as readonly string[];
  return [...at(context.getHandler()), ...at(context.getClass())];
}

function conditionalScopes(caller: Caller, resolver: ConditionalScopeFn | undefined): readonly string[] {
  if (resolver === undefined) return [];
  const { call, tenant, principal, token } = caller;
  return resolver(call.request, toConnectToken(token, principal, tenant.clientId));
}

async function assertGranted(
  { call, tenant, principal }: Caller,
  resource: string,
  scopes: readonly string[],
  context: ExecutionContext,
): Promise<void> {
  const more = metadataOf<EnforcerOptionsInterface>(META_ENFORCER_OPTIONS, context) ?? {};
  const permissions = scopes.map((scope) => ({ resource, scope }));
  const isGranted = await tenant
    .permissionsOf(more.resource_server_id, more.resource_server_secret)
    .has(principal, permissions, { claims: more.claims?.(call.request) });
  if (!isGranted) throw denied(`Keycloak does not grant all of ${scopes.join(', ')} of ${resource}`);
}

function denied(reason: string): AuthError {
  return new AuthError('permission_denied', reason);
}

// Done by hand what `@Injectable()` and `@Inject()` do.
for (const guard of [AuthGuard, RoleGuard, ResourceGuard] as Type[]) {
  Injectable()(guard);
  asOurs(guard);
  Inject(KeycloakConnectService)(guard, undefined, 0);
}
