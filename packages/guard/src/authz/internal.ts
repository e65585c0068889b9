// Shared between the rooms of this package, not exported from it. An adapter calls `createPermit(permissions, rule,
// options)` once for each route, and `decide(request, principal)` after its guard, for each request.

export { engineOf, type PermissionsEngine, toUnknown } from './permissions.ts';
export { createPermit, type Permit, type PermitOptions, readPermit } from './permit.ts';
export type { PermitRule, RuleOfRequest } from './permit-rule.ts';
export { readTokenPermissions } from './token-permissions.ts';
