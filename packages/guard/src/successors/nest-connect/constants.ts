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
 * What `ResourceGuard` does with a handler that has no `@Resource` or no scopes.
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
