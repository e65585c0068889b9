import { createParamDecorator, type ExecutionContext, UseGuards } from '@nestjs/common';
import { type Claims, type Principal as CorePrincipal, type Requirements, toGuard } from '../core/index.ts';
import { type Access, accessOf, addAccess } from './access.ts';
import { principalOf } from './call.ts';
import { KeycloakGuard } from './guard.ts';

/** Stands on a class (controller, resolver, gateway) or on one of its handlers. */
export type AccessDecorator = ClassDecorator & MethodDecorator;

/**
 * Opens a class or a handler: nobody is asked who they are, and `request.principal` stays empty. On a handler it takes
 * away what its class requires; on a class, handlers that require something go on requiring it.
 *
 * @throws {TypeError} beside a decorator that guards the same class or handler
 * @example
 * class HealthController { @Get('health') @Public() health() { return 'ok'; } }
 */
export function Public(): AccessDecorator {
  return toDecorator({ isPublic: true });
}

/**
 * Lets in who brings no token, with no principal. A token that is brought has to be good, and to meet what is required.
 *
 * @example
 * class Greeting { @Get() @OptionalAuth() greet(@Principal('username') name?: string) { return name ?? 'stranger'; } }
 */
export function OptionalAuth(): AccessDecorator {
  return toGuarding({ isOptional: true });
}

/**
 * Requires what a principal must have; `{}` is a good token, whoever it belongs to. What a class requires and what its
 * handler requires must both be met. It brings {@link KeycloakGuard} along: no other registration is needed.
 *
 * @throws {OptionsError} for a requirement that is misspelt or empty, when the class is loaded
 * @example
 * class Reports { @Get() @Require({ clientRole: { 'other-api': 'reader' }, scope: 'orders:read' }) all() {} }
 */
export function Require<C extends object = Claims>(requirements: Requirements<C>): AccessDecorator {
  // So that a mistake is told here, and not when the first request comes; which client this is, the module knows.
  toGuard(requirements, 'this-api');
  return toGuarding({ requirements: [requirements as Requirements] });
}

/**
 * Requires a role of the realm: one of them, where several are named. Where each is required, write it twice, or
 * `@Require({ realmRole: ['a', 'b'] })`.
 *
 * @throws {OptionsError} without a role
 * @example
 * class Orders { @Delete(':id') @Roles('admin', 'editor') remove(@Param('id') id: string) {} }
 */
export function Roles(...roles: readonly string[]): AccessDecorator {
  return Require(oneOf('realmRole', roles));
}

/**
 * Requires a role of this API's own client: one of them, where several are named. For roles of another client there is
 * `@Require({ clientRole: { 'other-api': 'reader' } })`.
 *
 * @throws {OptionsError} without a role
 * @example
 * class Orders { @Get() @ClientRoles('reader') all() {} }
 */
export function ClientRoles(...roles: readonly string[]): AccessDecorator {
  return Require(oneOf('clientRole', roles));
}

/**
 * Requires scopes, each of them; the 403 names what is missing.
 *
 * @throws {OptionsError} without a scope
 * @example
 * class Orders { @Get() @Scopes('orders:read') all() {} }
 */
export function Scopes(...scopes: readonly string[]): AccessDecorator {
  return Require({ scope: scopes });
}

/** Who is calling. */
export type Principal<C extends object = Claims> = CorePrincipal<C>;

/**
 * Parameter decorator: who is calling, or one member of it; `undefined` where no guard ran, or an optional one found no
 * token. The type of the same name is what it gives.
 *
 * @example
 * class Me { @Get('me') @Require({}) me(@Principal() principal: Principal) { return { hello: principal.username }; } }
 */
export const Principal: (member?: keyof CorePrincipal) => ParameterDecorator = createParamDecorator(
  (member: keyof CorePrincipal | undefined, context: ExecutionContext) => {
    const principal = principalOf(context);
    return member === undefined ? principal : principal?.[member];
  },
);

function oneOf(kind: 'realmRole' | 'clientRole', roles: readonly string[]): Requirements {
  const [only] = roles;
  return roles.length < 2 ? { [kind]: only ?? [] } : { anyOf: roles.map((role) => ({ [kind]: role })) };
}

function toDecorator(access: Partial<Access>): AccessDecorator {
  return (...on: Decorated) => addAccess(toMarked(on), access);
}

/** A requirement that no guard looks at would be worse than none. */
function toGuarding(access: Partial<Access>): AccessDecorator {
  const guard = UseGuards(KeycloakGuard) as (...on: Decorated) => void;
  return (...on: Decorated) => {
    const isGuarded = accessOf(toMarked(on)) !== undefined;
    addAccess(toMarked(on), access);
    if (!isGuarded) guard(...on);
  };
}

type Decorated = [target: object, key?: string | symbol, descriptor?: PropertyDescriptor];

/** The class, or the function that handles. */
function toMarked([target, , descriptor]: Decorated): object {
  return descriptor === undefined ? target : descriptor.value;
}
