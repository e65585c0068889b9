import { readCompactJws } from '../core/internal.ts';
import type { AuthzContext } from './context.ts';
import { type GrantedResource, toGrants } from './grants.ts';

/** As Keycloak names an access token that it issued as an answer to a question (26.4 and later), and not by a refresh. */
const ISSUED_AS_RPT = /^[a-z]{2}rtna:/;

/**
 * What a verified token carries itself of permissions, where that can be believed; else `undefined`. A refreshed RPT looks
 * new and carries what was granted long ago: it has another `jti`, and more audiences. What was granted by claims that were
 * pushed bears them: whoever holds a token of a confidential client can ask for themselves, with claims of their choice.
 */
export function readTokenPermissions(
  token: string,
  { clientId, permissionMs, clock }: Pick<AuthzContext, 'clientId' | 'permissionMs' | 'clock'>,
): readonly GrantedResource[] | undefined {
  const { aud, iat, jti, authorization } = readCompactJws(token).payload();
  const permissions = (authorization as { permissions?: unknown } | null | undefined)?.permissions;
  if (permissions === undefined || typeof iat !== 'number' || typeof jti !== 'string') return undefined;
  const isForUsAlone = aud === clientId || (Array.isArray(aud) && aud.length === 1 && aud[0] === clientId);
  const age = clock() - iat * 1000;
  if (!isForUsAlone || !ISSUED_AS_RPT.test(jti) || age < 0 || age >= permissionMs) return undefined;
  const own = Array.isArray(permissions) ? permissions.filter((one) => one?.claims === undefined) : [];
  return toGrants(JSON.stringify(own));
}
