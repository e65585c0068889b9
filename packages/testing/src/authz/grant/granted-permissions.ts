import type { Granted } from '../evaluation/evaluate.ts';
import type { PushedClaims } from './pushed-claims.ts';

/** A permission, as in answers and in a token's claim `authorization`. */
export interface PermissionClaim {
  scopes?: readonly string[];
  rsid?: string;
  rsname?: string;
  claims?: PushedClaims;
}

export function toPermissionClaims(
  granted: readonly Granted[],
  claims: PushedClaims,
  withNames: boolean,
): PermissionClaim[] {
  return granted.map(({ resource, scopes }) => ({
    ...(scopes.length === 0 ? {} : { scopes }),
    ...(resource === undefined ? {} : { rsid: resource.id }),
    ...(resource === undefined || !withNames ? {} : { rsname: resource.name }),
    ...(Object.keys(claims).length === 0 ? {} : { claims }),
  }));
}

/** The permissions in an RPT; none in any other token. */
export function permissionsIn(claims: Readonly<Record<string, unknown>> | undefined): PermissionClaim[] {
  const { permissions } = (claims?.authorization ?? {}) as { permissions?: unknown };
  return Array.isArray(permissions) ? (permissions as PermissionClaim[]) : [];
}

/** Whether one of the permissions has the wanted resource and shares a scope. */
export function holds(permissions: readonly PermissionClaim[], wanted: PermissionClaim): boolean {
  const scopes = wanted.scopes ?? [];
  return permissions.some((one) => {
    if (one.rsid !== wanted.rsid) return false;
    if (wanted.rsid !== undefined && scopes.length === 0 && one.scopes === undefined) return true;
    return one.scopes?.some((scope) => scopes.includes(scope)) === true;
  });
}
