export type { Caller } from './asking/judge.ts';
export type { PermissionsOptions } from './asking/options.ts';
export {
  type Permission,
  type PermissionLike,
  PermissionSyntaxError,
  type PushedClaims,
} from './asking/permission.ts';
export { type AskOptions, createPermissions, type Permissions } from './asking/permissions.ts';
export { createPermit, type Permit } from './asking/permit.ts';
export type { PermitOptions, PermitRule, RuleOfRequest } from './asking/permit-rule.ts';
export type { GrantedResource } from './asking/question.ts';
export { createShares, type Shares, type ShareTarget } from './sharing/shares.ts';
export type { Share } from './sharing/tickets.ts';
