// Shared between the rooms of this package, not exported from it. An adapter calls `createPermit(permissions, rule,
// options)` once for each route, and `decide(request, principal)` after its guard, for each request.

export { readTokenPermissions } from './asking/answers.ts';
export type { PermissionsOptions } from './asking/options.ts';
export type { Permission, PushedClaims } from './asking/permission.ts';
export * from './asking/permissions.ts';
export { createPermit, type Permit, toPermit } from './asking/permit.ts';
export {
  type PermitOptions,
  type PermitRule,
  type RuleOfRequest,
  readPermit,
} from './asking/permit-rule.ts';
export { listOwnResources, type Resource } from './keycloak/protection-api.ts';
