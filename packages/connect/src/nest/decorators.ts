import { type CustomDecorator, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { PushedClaims } from 'keycloak-guard/unstable/connect';
import type { Token } from '../express/token.ts';
import {
  META_CONDITIONAL_SCOPES,
  META_ENFORCER_OPTIONS,
  META_PUBLIC,
  META_RESOURCE,
  META_ROLE_MATCHING_MODE,
  META_ROLES,
  META_SCOPES,
  META_SKIP_AUTH,
  META_UNPROTECTED,
  type RoleMatch,
} from './constants.ts';
import { assertRoles, mark } from './metadata.ts';
import { type ConnectRequest, membersOf } from './service.ts';

/** Goes on a class or on one of its handlers. */
export type ConnectDecorator = ClassDecorator & MethodDecorator;

/**
 * Makes `AuthGuard` admit everybody; a caller with a valid token is still identified. `RoleGuard` still requires roles.
 * `ResourceGuard` admits callers without a valid token, and asks Keycloak about the others.
 *
 * @param skipAuth `false` refuses a request with a bad token. Default true: such a caller is nobody
 * @example
 * class Health { @Get('health') @Public() health() { return 'ok'; } }
 */
export const Public = (skipAuth = true): CustomDecorator =>
  mark({ [META_UNPROTECTED]: true, [META_PUBLIC]: true, [META_SKIP_AUTH]: skipAuth });

/**
 * The same as {@link Public}.
 *
 * @example
 * class Health { @Get('health') @Unprotected() health() { return 'ok'; } }
 */
export const Unprotected = Public;

/** The argument of `@Roles` in 1.x. */
export interface RoleDecoratorOptionsInterface {
  /** `realm:<role>`, `<client id>:<role>`, or a role of this client. */
  readonly roles: readonly string[];
  /** Default `RoleMatchingMode.ANY`. */
  readonly mode?: RoleMatch;
}

/**
 * Roles that `RoleGuard` requires: `realm:<role>`, `<client id>:<role>`, or a role of this client. Any one of them is
 * enough, unless the mode is `ALL`. The roles of a class and of its handler must both be met.
 *
 * @throws {TypeError} if no role is given, when the class is loaded
 * @throws {OptionsError} for an empty role, when the class is loaded
 * @example
 * class Orders { @Delete() @Roles({ roles: ['realm:admin'], mode: RoleMatchingMode.ALL }) remove() {} }
 */
export function Roles(
  ...roles: readonly string[] | readonly [RoleDecoratorOptionsInterface]
): ConnectDecorator {
  const [first] = roles;
  const value = typeof first === 'object' ? first : roles;
  assertRoles(value);
  return mark({ [META_ROLES]: value }, 'RoleGuard');
}

/**
 * A decorator in 2.0, `@RoleMatchingMode(RoleMatch.ALL)`; the values of `@Roles({ roles, mode })` in 1.x.
 *
 * @example
 * class Orders { @Delete() @Roles('realm:admin', 'realm:boss') @RoleMatchingMode(RoleMatch.ALL) remove() {} }
 */
export const RoleMatchingMode: ((mode: RoleMatch) => ConnectDecorator) & {
  readonly ALL: 'all';
  readonly ANY: 'any';
} = Object.assign((mode: RoleMatch): ConnectDecorator => mark({ [META_ROLE_MATCHING_MODE]: mode }), {
  ALL: 'all',
  ANY: 'any',
} as const);
export type RoleMatchingMode = RoleMatch;

/**
 * The resource in Keycloak that a class or a handler serves. `ResourceGuard` asks for its scopes.
 *
 * @example
 * class Products { @Get() @Resource('Product') @Scopes('View') all() {} }
 */
export const Resource = (resource: string): CustomDecorator =>
  mark({ [META_RESOURCE]: resource }, 'ResourceGuard');

/**
 * Scopes of the resource that `ResourceGuard` requires, all of them.
 *
 * @example
 * class Products { @Get() @Scopes('View') all() {} }
 */
export const Scopes = (...scopes: string[]): CustomDecorator =>
  mark({ [META_SCOPES]: scopes }, 'ResourceGuard');

/** Returns more scopes, which depend on the request and the token. */
export type ConditionalScopeFn = (
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  request: any,
  token: Token,
) => string[];

/**
 * Scopes that depend on the request or the token, required beside those of {@link Scopes}.
 *
 * @example
 * class Products { @Post() @ConditionalScopes((_request, token) => (token.hasRealmRole('boss') ? ['Overwrite'] : [])) add() {} }
 */
export const ConditionalScopes = (resolver: ConditionalScopeFn): CustomDecorator =>
  mark({ [META_CONDITIONAL_SCOPES]: resolver }, 'ResourceGuard');

/** Options of a question about permissions. */
export interface EnforcerOptionsInterface {
  /** Client that the resources belong to. Default: this client. */
  readonly resource_server_id?: string;
  /** Secret of that client, required if it is not this client: resource names are looked up with it. */
  readonly resource_server_secret?: string;
  /** Claims for the policies, beside the token. Default none. Never send what the caller can choose. */
  // biome-ignore lint/suspicious/noExplicitAny: the request is the platform's own.
  readonly claims?: (request: any) => PushedClaims;
}

/**
 * Options of the question about permissions that `ResourceGuard` asks for a class or a handler.
 *
 * @example
 * class Products { @Get() @Resource('Product') @EnforcerOptions({ claims: ({ ip }) => ({ ip }) }) @Scopes('View') all() {} }
 */
export const EnforcerOptions = (options: EnforcerOptionsInterface): CustomDecorator =>
  mark({ [META_ENFORCER_OPTIONS]: options }, 'ResourceGuard');

const ofCall = (member: keyof ConnectRequest): (() => ParameterDecorator) =>
  createParamDecorator((_: unknown, context: ExecutionContext) => membersOf(context)?.[member]);

/**
 * Parameter decorator: the token's claims, as in `request.user`. `undefined` if nobody was identified.
 *
 * @example
 * class Me { @Get('me') me(@KeycloakUser() user: { preferred_username?: string }) { return user.preferred_username; } }
 */
export const KeycloakUser = ofCall('user');
/**
 * The same as {@link KeycloakUser}; its name in 1.x.
 *
 * @example
 * class Me { @Get('me') me(@AuthenticatedUser() user: { preferred_username?: string }) { return user.preferred_username; } }
 */
export const AuthenticatedUser = KeycloakUser;
/**
 * Parameter decorator: the access token as it was sent. `undefined` if nobody was identified.
 *
 * @example
 * class Orders { @Get() all(@AccessToken() token: string) { return fetchOrders(token); } }
 */
export const AccessToken = ofCall('accessToken');
/**
 * Parameter decorator: the scopes that `ResourceGuard` asked for, and Keycloak granted. `undefined` if it asked for none.
 *
 * @example
 * class Products { @Get() @Resource('Product') @Scopes('View') all(@ResolvedScopes() scopes: string[]) { return scopes; } }
 */
export const ResolvedScopes = ofCall('scopes');
