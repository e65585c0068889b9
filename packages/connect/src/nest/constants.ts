/** Metadata of `@Roles`: `{ roles, mode }` or a list, as it was given. `RoleGuard` reads both. */
export const META_ROLES = 'roles';
/** Metadata of `@RoleMatchingMode`: `'all'` or `'any'`. */
export const META_ROLE_MATCHING_MODE = 'role-matching-mode';
/** Metadata of `@Public` and `@Unprotected`: `true`. `AuthGuard` reads this key. */
export const META_UNPROTECTED = 'unprotected';
/** Metadata of `@Public` in 2.0. Written, and not read: in 1.x, `public` is a key of the application. */
export const META_PUBLIC = 'public';
/** The argument of `@Public` and `@Unprotected`. Written for guards of the application. */
export const META_SKIP_AUTH = 'skip-auth';
/** Metadata of `@Resource`: the name. */
export const META_RESOURCE = 'resource';
/** Metadata of `@Scopes`: the list. */
export const META_SCOPES = 'scopes';
/** Metadata of `@ConditionalScopes`: the function. */
export const META_CONDITIONAL_SCOPES = 'conditional-scopes';
/** Metadata of `@EnforcerOptions`: the options. */
export const META_ENFORCER_OPTIONS = 'enforcer-options';

/** Injects a `Keycloak` of `@keycloak-guard/connect`; `null` if the settings name no realm. */
export const KEYCLOAK_INSTANCE = 'KEYCLOAK_INSTANCE';
/** Injects the settings, without the secret. */
export const KEYCLOAK_CONNECT_OPTIONS = 'KEYCLOAK_CONNECT_OPTIONS';
/** Injects Nest's `Logger`. */
export const KEYCLOAK_LOGGER = 'KEYCLOAK_LOGGER';
/** Injects the {@link KeycloakMultiTenantService}. */
export const KEYCLOAK_MULTITENANT_SERVICE = 'KEYCLOAK_MULTITENANT_SERVICE';
/** Name of the cookie that holds an access token, if the settings name no other. */
export const KEYCLOAK_COOKIE_DEFAULT = 'KEYCLOAK_JWT';

/**
 * How tokens are checked.
 *
 * @example
 * const module = KeycloakConnectModule.register('./keycloak.json', { tokenValidation: TokenValidation.OFFLINE });
 */
export const TokenValidation = {
  /** Checks signature and claims here, and asks Keycloak about a token in use every 30 seconds. The default. */
  ONLINE: 'online',
  /** Checks signature and claims only. */
  OFFLINE: 'offline',
  /** Refused at start: anybody could write a token. */
  NONE: 'none',
} as const;
export type TokenValidation = (typeof TokenValidation)[keyof typeof TokenValidation];

/**
 * Whether `ResourceGuard` refuses everybody where a handler has no `@Resource` or no scopes.
 *
 * @example
 * const module = KeycloakConnectModule.register('./keycloak.json', { policyEnforcement: PolicyEnforcementMode.ENFORCING });
 */
export const PolicyEnforcementMode = {
  /** Refuses everybody. */
  ENFORCING: 'enforcing',
  /** Leaves the decision to the other guards. The default. */
  PERMISSIVE: 'permissive',
} as const;
export type PolicyEnforcementMode = (typeof PolicyEnforcementMode)[keyof typeof PolicyEnforcementMode];

/**
 * Whether one role of several is enough.
 *
 * @example
 * class Orders { @Delete() @Roles({ roles: ['realm:admin', 'realm:boss'], mode: RoleMatch.ALL }) remove() {} }
 */
export const RoleMatch = { ALL: 'all', ANY: 'any' } as const;
export type RoleMatch = (typeof RoleMatch)[keyof typeof RoleMatch];

/**
 * Has no effect: the requirements of a class and of its handler must both be met.
 *
 * @example
 * const module = KeycloakConnectModule.register('./keycloak.json', { roleMerge: RoleMerge.ALL });
 */
export const RoleMerge = { OVERRIDE: 0, ALL: 1 } as const;
export type RoleMerge = (typeof RoleMerge)[keyof typeof RoleMerge];
