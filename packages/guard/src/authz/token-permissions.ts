import { readCompactJws } from '../core/internal.ts';
import type { AuthzContext } from './context.ts';
import { type GrantedResource, toGrants } from './grants.ts';

/** Start of `jti` in a token that Keycloak (26.4 and later) issued as an answer to a question, not by a refresh. */
const ISSUED_AS_RPT = /^[a-z]{2}rtna:/;

/**
 * Keycloak's own client for the account console: not a resource server. The mapper "audience resolve" of the scope
 * `roles` adds it for users with the default roles. Keycloak 26.7 writes the API alone into a new RPT and runs the mappers
 * when it is refreshed; the `jti` tells that apart.
 */
const ACCOUNT = 'account';

/**
 * The permissions that a verified token itself carries, if they can be trusted; otherwise `undefined`. A refreshed RPT looks
 * new but carries old permissions. Its `jti` and its audiences tell it apart. Permissions granted by pushed claims bear these
 * claims, and are left out: whoever holds a token of a confidential client can ask Keycloak with claims of their choice.
 */
export function readTokenPermissions(
  token: string,
  { clientId, permissionMs, clock }: Pick<AuthzContext, 'clientId' | 'permissionMs' | 'clock'>,
): readonly GrantedResource[] | undefined {
  const { aud, iat, jti, authorization } = readCompactJws(token).payload();
  const permissions = (authorization as { permissions?: unknown } | null | undefined)?.permissions;
  if (permissions === undefined || typeof iat !== 'number' || typeof jti !== 'string') return undefined;
  const others = [aud].flat().filter((one) => one !== clientId && one !== ACCOUNT);
  const isForUsAlone = others.length === 0 && [aud].flat().includes(clientId);
  const age = clock() - iat * 1000;
  if (!isForUsAlone || !ISSUED_AS_RPT.test(jti) || age < 0 || age >= permissionMs) return undefined;
  const own = Array.isArray(permissions) ? permissions.filter((one) => one?.claims === undefined) : [];
  return toGrants(JSON.stringify(own));
}
