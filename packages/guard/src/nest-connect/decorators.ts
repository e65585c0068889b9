import {
  type CustomDecorator,
  createParamDecorator,
  type ExecutionContext,
  SetMetadata,
} from '@nestjs/common';
import { carrierOf } from '../nest/internal.ts';
import type { RoleMatch } from './constants.ts';
import { addRoles } from './roles.ts';
import type { ConnectToken } from './token.ts';
import type { ConnectCarrier } from './user.ts';

/** Stands on a class or on one of its handlers. */
export type ConnectDecorator = ClassDecorator & MethodDecorator;

export const PUBLIC = 'keycloak-guard:public';
export const RESOURCE = 'keycloak-guard:resource';
export const SCOPES = 'keycloak-guard:scopes';
export const CONDITIONAL_SCOPES = 'keycloak-guard:conditional-scopes';
export const ENFORCER_OPTIONS = 'keycloak-guard:enforcer-options';

/**
 * `AuthGuard` lets everybody in; who brings a good token is known all the same. Roles and resources are required as ever.
 *
 * @param _skipAuth has no effect: a good token is always taken note of
 * @example
 * class Health { @Get('health') @Public() health() { return 'ok'; } }
 */
export const Public = (_skipAuth?: boolean): CustomDecorator => SetMetadata(PUBLIC, true);

/**
 * The same as {@link Public}.
 *
 * @example
 * class Health { @Get('health') @Unprotected() health() { return 'ok'; } }
 */
export const Unprotected = Public;

/** What 1.x gives to `@Roles`. */
export interface RoleDecoratorOptionsInterface {
  /** `realm:<role>`, `<client id>:<role>`, or a role of this client. */
  readonly roles: readonly string[];
  /** Default `RoleMatchingMode.ANY`. */
  readonly mode?: RoleMatch;
}

/**
 * Roles that `RoleGuard` requires: `realm:<role>`, `<client id>:<role>`, or a role of this client. What the class requires
 * and what the handler requires must both be met.
 *
 * @throws {TypeError} without a role, when the class is loaded
 * @example
 * class Orders { @Delete() @Roles({ roles: ['realm:admin'], mode: RoleMatchingMode.ALL }) remove() {} }
 */
export function Roles(
  ...given: readonly string[] | readonly [RoleDecoratorOptionsInterface]
): ConnectDecorator {
  const [first] = given;
  const data = typeof first === 'object' ? first : { roles: given as readonly string[] };
  return (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor) =>
    addRoles(descriptor === undefined ? target : descriptor.value, {
      roles: data.roles,
      ...(data.mode && { mode: data.mode }),
    });
}

/**
 * In 2.0 a decorator, `@RoleMatchingMode(RoleMatch.ALL)`; in 1.x the values of `@Roles({ roles, mode })`.
 *
 * @example
 * class Orders { @Delete() @Roles('realm:admin', 'realm:boss') @RoleMatchingMode(RoleMatch.ALL) remove() {} }
 */
export const RoleMatchingMode: ((mode: RoleMatch) => ConnectDecorator) & {
  readonly ALL: 'all';
  readonly ANY: 'any';
} = Object.assign(
  (mode: RoleMatch): ConnectDecorator =>
    (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor) =>
      addRoles(descriptor === undefined ? target : descriptor.value, { mode }),
  { ALL: 'all', ANY: 'any' } as const,
);
export type RoleMatchingMode = RoleMatch;

/**
 * The resource in Keycloak that a class or a handler is about.
 *
 * @example
 * const on = Resource('Product');
 */
export const Resource = (resource: string): CustomDecorator => SetMetadata(RESOURCE, resource);

/**
 * Scopes of the resource that `ResourceGuard` requires, each of them.
 *
 * @example
 * class Products { @Get() @Scopes('View') all() {} }
 */
export const Scopes = (...scopes: string[]): CustomDecorator => SetMetadata(SCOPES, scopes);

/** Further scopes, by what the request and the token are. */
export type ConditionalScopeFn = (
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  request: any,
  token: ConnectToken,
) => string[];

/**
 * Scopes that depend on the request or the token, beside those of {@link Scopes}.
 *
 * @example
 * class Products { @Post() @ConditionalScopes((_request, token) => (token.hasRealmRole('boss') ? ['Overwrite'] : [])) add() {} }
 */
export const ConditionalScopes = (resolver: ConditionalScopeFn): CustomDecorator =>
  SetMetadata(CONDITIONAL_SCOPES, resolver);

/** What may go along with a question about permissions. */
export interface EnforcerOptionsInterface {
  /** Client that the resources belong to. Default: this one. */
  readonly resource_server_id?: string;
  /** What policies get to know beside the token. Default: nothing: what the caller can choose is no ground for a permission. */
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  readonly claims?: (request: any) => Readonly<Record<string, readonly unknown[]>>;
}

/**
 * Options of the question about permissions, for a class or a handler.
 *
 * @example
 * const on = EnforcerOptions({ resource_server_id: 'other-api' });
 */
export const EnforcerOptions = (options: EnforcerOptionsInterface): CustomDecorator =>
  SetMetadata(ENFORCER_OPTIONS, options);

const fromCarrier = (member: keyof ConnectCarrier): (() => ParameterDecorator) =>
  createParamDecorator(
    (_: unknown, context: ExecutionContext) => (carrierOf(context) as ConnectCarrier | undefined)?.[member],
  );

/** Parameter decorator: the claims of the token, as `request.user` has them. */
export const KeycloakUser = fromCarrier('user');
/** The same as {@link KeycloakUser}, by its name of 1.x. */
export const AuthenticatedUser = KeycloakUser;
/** Parameter decorator: the access token as it came. */
export const AccessToken = fromCarrier('accessToken');
/** Parameter decorator: the scopes that `ResourceGuard` asked for. */
export const ResolvedScopes = fromCarrier('scopes');
