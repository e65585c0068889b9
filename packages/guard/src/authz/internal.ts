// Shared between the rooms of this package, not exported from it. An adapter calls `createPermit(permissions, rule,
// options)` once for each route, and `decide(request, principal)` after its guard, for each request.
//
// The declarations of rooms that import from here can be read by TypeScript 4.9; those of index.ts need 5.4.

export type { PushedClaims } from './claims.ts';
export type { PermissionsOptions } from './options.ts';
export type { Permission } from './permission.ts';
export * from './permissions.ts';
export { createPermit, type Permit, type PermitOptions, readPermit, toPermit } from './permit.ts';
export type { PermitRule, RuleOfRequest } from './permit-rule.ts';
export { listOwnResources, type Resource } from './resource-list.ts';
export { readTokenPermissions } from './token-permissions.ts';
