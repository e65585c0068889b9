export type { PushedClaims } from './claims.ts';
export type { GrantedResource } from './grants.ts';
export type { PermissionStats, Who } from './judge.ts';
export type { PermissionsOptions } from './options.ts';
export { type Permission, type PermissionLike, PermissionSyntaxError } from './permission.ts';
export { type AskOptions, createPermissions, type Permissions } from './permissions.ts';
export { createPermit, type Permit, type PermitOptions } from './permit.ts';
export type { PermitRule, RuleOfRequest } from './permit-rule.ts';
