import { createParamDecorator, type ExecutionContext, UseGuards } from '@nestjs/common';
import { readPermit } from '../../authz/internal.ts';
import type { AppClaims, Principal as CorePrincipal, Requirements } from '../../core/index.ts';
import {
  assertRequirements,
  type GuardRequirements,
  type PermitOptions,
  type PermitRule,
} from '../engine/internal.ts';
import {
  type Access,
  accessOf,
  addAccess,
  type Decorated,
  type OfRequest,
  type PermissionOptions,
  type Required,
  toMarked,
} from './access.ts';
import { findNote, type KeycloakRequest, kindOf } from './call.ts';
import { KeycloakGuard } from './guards.ts';

/** Goes on a class (controller, resolver, gateway) or on one of its handlers. */
export type AccessDecorator = ClassDecorator & MethodDecorator;

/**
 * Opens a class or a handler to everybody; no token is read, and `@Principal()` is `undefined`. On a handler it removes what
 * the class requires. On a class it leaves the requirements of handlers in place.
 *
 * @throws {TypeError} beside a decorator that guards the same class or handler
 * @example
 * class HealthController { @Get('health') @Public() health() { return 'ok'; } }
 */
export function Public(): AccessDecorator {
  return toDecorator({ isPublic: true });
}

/**
 * Admits callers without a token, who then have no principal. A token that is sent must be valid and meet the requirements.
 *
 * @throws {TypeError} beside `@Public()` on the same class or handler
 * @example
 * class Greeting { @Get() @OptionalAuth() greet(@Principal('username') name?: string) { return name ?? 'stranger'; } }
 */
export function OptionalAuth(): AccessDecorator {
  return toGuarding({ isOptional: true });
}

/**
 * Requires roles, scopes or other properties of the caller; `{}` requires a valid token and nothing more. The requirements
 * of a class and of its handler must both be met. The decorator applies {@link KeycloakGuard}, so no other registration is
 * needed. Requirements may be a function of the request, which also gets Nest's context; `':org'` stands for a parameter of
 * the route.
 *
 * @throws {OptionsError} for a misspelt or empty requirement, when the class is loaded
 * @throws {TypeError} beside `@Public()` on the same class or handler
 * @example
 * class Reports { @Get() @Require({ clientRole: { 'other-api': 'reader' }, scope: 'orders:read' }) all() {} }
 */
export function Require<C extends object = AppClaims>(
  // biome-ignore lint/suspicious/noExplicitAny: whichever platform's request it is.
  requirements: GuardRequirements<any, Requirements<C>>,
): AccessDecorator {
  // Reports a mistake when the class is loaded, not at the first request. The client id is not known here yet.
  assertRequirements(requirements);
  return toGuarding({ requirements: [requirements as Required] });
}

/**
 * Requires a realm role; of several, any one is enough. To require all of them, repeat the decorator or write
 * `@Require({ realmRole: ['a', 'b'] })`.
 *
 * @throws {OptionsError} if no role is given, when the class is loaded
 * @throws {TypeError} beside `@Public()` on the same class or handler
 * @example
 * class Orders { @Delete(':id') @Roles('admin', 'editor') remove(@Param('id') id: string) {} }
 */
export function Roles(...roles: readonly string[]): AccessDecorator {
  return Require(oneOf('realmRole', roles));
}

/**
 * Requires a role of this API's client; of several, any one is enough. For a role of another client, write
 * `@Require({ clientRole: { 'other-api': 'reader' } })`.
 *
 * @throws {OptionsError} if no role is given, when the class is loaded
 * @throws {TypeError} beside `@Public()` on the same class or handler
 * @example
 * class Orders { @Get() @ClientRoles('reader') all() {} }
 */
export function ClientRoles(...roles: readonly string[]): AccessDecorator {
  return Require(oneOf('clientRole', roles));
}

/**
 * Requires all of the scopes. The 403 names the missing ones (RFC 6750 §3.1).
 *
 * @throws {OptionsError} if no scope is given, when the class is loaded
 * @throws {TypeError} beside `@Public()` on the same class or handler
 * @example
 * class Orders { @Get() @Scopes('orders:read') all() {} }
 */
export function Scopes(...scopes: readonly string[]): AccessDecorator {
  return Require({ scope: scopes });
}

/**
 * Requires a permission from Keycloak's authorization services: `resource#scope`, `{ anyOf }`, `{ allOf }`, or a function
 * that returns one of these for the request. Keycloak is asked after every other requirement is met. The permissions of a
 * class and of its handler must both be granted. A caller without a token has no permission, with `@OptionalAuth()` too.
 * Needs the option `permissions` of `KeycloakModule`.
 *
 * @throws {OptionsError} for a wrong rule or option, when the class is loaded
 * @throws {TypeError} beside `@Public()` on the same class or handler
 * @see Keycloak, Authorization Services Guide: "Obtaining permissions"
 * @example
 * class Orders { @Get(':id') @Permission((request) => `order-${request.params.id}#view`, { hide: true }) one() {} }
 */
export function Permission(
  rule: PermitRule | OfRequest<PermitRule>,
  options: PermissionOptions = {},
): AccessDecorator {
  readPermit<never>(rule as PermitRule, options as PermitOptions<never>);
  return toGuarding({ permissions: [{ rule, options }] });
}

/**
 * Guards the handler of an MCP server, or a controller that is one, by the option `mcp` of `KeycloakModule`: put it on a handler of
 * all methods. The SDK's transport finds `auth` on Node's request. What other decorators require is asked as well.
 *
 * @throws {TypeError} beside `@Public()` on the same class or handler
 * @see Model Context Protocol, "Authorization"
 * @example
 * class Server { @All('mcp') @Mcp() serve(@Req() request: Request, @Res() response: Response) {} }
 */
export function Mcp(): AccessDecorator {
  return toGuarding({ isMcp: true });
}

/** The caller. */
export type Principal<C extends object = AppClaims> = CorePrincipal<C>;

/**
 * Parameter decorator: the caller, or one member of it. `undefined` if no guard ran, or an optional guard found no token.
 * The type of the same name is the type of the parameter.
 *
 * @example
 * class Me { @Get('me') @Require({}) me(@Principal() principal: Principal) { return { hello: principal.username }; } }
 */
export const Principal: (member?: keyof CorePrincipal) => ParameterDecorator = createParamDecorator(
  (member: keyof CorePrincipal | undefined, context: ExecutionContext) => {
    const principal = callerOf(context);
    return member === undefined ? principal : principal?.[member];
  },
);

/**
 * The caller, for interceptors, guards and parameter decorators of your own. `undefined` if no guard ran for this handler, or an
 * optional guard found no token.
 *
 * @example
 * class Log { intercept(context: ExecutionContext, next: CallHandler) { log(callerOf(context)?.username); return next.handle(); } }
 */
export function callerOf(context: ExecutionContext): Principal | undefined {
  const note = findNote(context);
  if (note?.principal !== undefined || kindOf(context) !== 'http') return note?.principal;
  // The application's own middleware may have set it, or its test.
  return context.getArgByIndex<KeycloakRequest | undefined>(0)?.principal;
}

function oneOf(kind: 'realmRole' | 'clientRole', roles: readonly string[]): Requirements {
  const [only] = roles;
  return roles.length < 2 ? { [kind]: only ?? [] } : { anyOf: roles.map((role) => ({ [kind]: role })) };
}

function toDecorator(access: Partial<Access>): AccessDecorator {
  return (...on: Decorated) => addAccess(toMarked(on), access);
}

/** Applies the guard once: a requirement that no guard reads would be worse than none. */
function toGuarding(access: Partial<Access>): AccessDecorator {
  const guard = UseGuards(KeycloakGuard) as (...on: Decorated) => void;
  return (...on: Decorated) => {
    const isGuarded = accessOf(toMarked(on)) !== undefined;
    addAccess(toMarked(on), access);
    if (!isGuarded) guard(...on);
  };
}
