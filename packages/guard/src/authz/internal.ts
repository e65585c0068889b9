// What the rooms of this package share, and nobody else gets. An adapter calls `createPermit(permissions, rule, options)`
// once for a route, and `decide(request, principal)` behind its guard, on each request.

export { engineOf, type PermissionsEngine, toUnknown } from './permissions.ts';
export { createPermit, type Permit, type PermitOptions, readPermit } from './permit.ts';
export type { PermitRule, RuleOfRequest } from './permit-rule.ts';
export { readTokenPermissions } from './token-permissions.ts';
