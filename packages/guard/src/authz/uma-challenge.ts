import { AuthError } from '../core/index.ts';
import type { Permission } from './permission.ts';
import type { PermissionsEngine } from './permissions.ts';
import { toUnusable } from './resource-list.ts';

/**
 * A refusal with a ticket (UMA 2.0 Grant §3.2.1). The resource server sends it, not Keycloak. The ticket belongs to nobody
 * and grants nothing: Keycloak decides when it is exchanged.
 *
 * @param refusal thrown instead if Keycloak gives no ticket for these permissions
 */
export async function toTicketChallenge(
  { api, issuer, judge }: PermissionsEngine,
  permissions: readonly Permission[],
  refusal: AuthError,
): Promise<AuthError> {
  const scopes = new Map<string, string[]>();
  for (const permission of permissions) {
    const id = await judge.idOf(permission);
    if (id === 'unknown') return refusal;
    scopes.set(id, [
      ...(scopes.get(id) ?? []),
      ...(permission.scope === undefined ? [] : [permission.scope]),
    ]);
  }
  const wanted = [...scopes].map(([resource_id, resource_scopes]) => ({ resource_id, resource_scopes }));
  const answer = await api.call('POST', 'permission', wanted);
  if (answer.status >= 400) return refusal;
  const { ticket } = (answer.json ?? {}) as { ticket?: unknown };
  // Only the characters of a JWS (RFC 7515 §7.1), so that the ticket cannot break out of the header.
  if (answer.status !== 201 || typeof ticket !== 'string' || !/^[\w.-]+$/.test(ticket))
    throw toUnusable(answer);
  const { issuer: uri } = await issuer.discover();
  return new AuthError('permission_ticket', refusal.reason, {
    expected: refusal.expected,
    seen: refusal.seen,
    headers: {
      'www-authenticate': `UMA realm="${toRealm(uri)}", as_uri="${uri.replace(/["\\]/g, '')}", ticket="${ticket}"`,
    },
  });
}

/** The last part of the issuer. */
function toRealm(issuer: string): string {
  return (issuer.split('/').pop() ?? '').replace(/["\\]/g, '');
}
