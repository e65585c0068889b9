/** How a token is looked at. */
export const TokenValidation = {
  /** Signature and claims here, and Keycloak is asked again about a token in use, at most 30 seconds old. The default. */
  ONLINE: 'online',
  /** Signature and claims alone. */
  OFFLINE: 'offline',
  /** Refused at start: whatever looks like a token would let its bearer in. */
  NONE: 'none',
} as const;
export type TokenValidation = (typeof TokenValidation)[keyof typeof TokenValidation];

/** What becomes of a handler without `@Resource` or scopes. */
export const PolicyEnforcementMode = {
  /** Nobody gets in. */
  ENFORCING: 'enforcing',
  /** Whoever has a good token gets in. The default. */
  PERMISSIVE: 'permissive',
} as const;
export type PolicyEnforcementMode = (typeof PolicyEnforcementMode)[keyof typeof PolicyEnforcementMode];

/** Whether one role is enough. */
export const RoleMatch = { ALL: 'all', ANY: 'any' } as const;
export type RoleMatch = (typeof RoleMatch)[keyof typeof RoleMatch];

/** Has no effect: what the class requires and what the handler requires are both required. */
export const RoleMerge = { OVERRIDE: 0, ALL: 1 } as const;
export type RoleMerge = (typeof RoleMerge)[keyof typeof RoleMerge];
