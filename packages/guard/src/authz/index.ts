export type {
  AuthorizationFile,
  AuthorizationPermission,
  AuthorizationPolicy,
  AuthorizationResource,
  AuthorizationScope,
  DecisionStrategy,
} from './authorization-file.ts';
export type { ClaimPoints } from './claim-points.ts';
export type { PushedClaims } from './claims.ts';
export { defineAuthorization, type PermissionOf } from './define-authorization.ts';
export type { MethodConfig, PathConfig, PolicyEnforcerConfig } from './enforcer-config.ts';
export type { GrantedResource } from './grants.ts';
export type { PermissionStats, Who } from './judge.ts';
export type { PermissionsOptions } from './options.ts';
export { createPathEnforcer, type PathEnforcerOptions } from './path-enforcer.ts';
export type { PathRequest } from './path-request.ts';
export { type Permission, type PermissionLike, PermissionSyntaxError } from './permission.ts';
export { type AskOptions, createPermissions, type Permissions } from './permissions.ts';
export { createPermit, type Permit, type PermitOptions } from './permit.ts';
export type { PermitRule, RuleOfRequest } from './permit-rule.ts';
export type { Share } from './share-tickets.ts';
export { createShares, type Shares, type ShareTarget } from './shares.ts';
