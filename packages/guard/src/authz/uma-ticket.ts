import { AuthError } from '../core/index.ts';
import type { Permission } from './permission.ts';
import type { PermissionsEngine } from './permissions.ts';
import { toUnusable } from './resource-list.ts';

/** @returns the ticket, or what Keycloak said in its place */
async function takeTicket(
  api: PermissionsEngine['api'],
  wanted: readonly { resource_id: string; resource_scopes: readonly string[] }[],
): Promise<{ readonly ticket: string } | { readonly ticket: null; readonly seen: string }> {
  const answer = await api.call('POST', 'permission', wanted);
  if (answer.status >= 400) return { ticket: null, seen: answer.seen };
  const { ticket } = (answer.json ?? {}) as { ticket?: unknown };
  // Only the characters of a JWS (RFC 7515 §7.1), so that the ticket cannot break out of a header.
  if (answer.status === 201 && typeof ticket === 'string' && /^[\w.-]+$/.test(ticket)) return { ticket };
  throw toUnusable(answer);
}

/**
 * Asks for one scope with a ticket. If it is not granted, Keycloak files a request with the owner: only here is
 * `submit_request` on.
 */
export async function requestAccess(
  { api, submit }: Pick<PermissionsEngine, 'api' | 'submit'>,
  token: string,
  resourceId: string,
  scope: string,
): Promise<'granted' | 'requested' | 'refused'> {
  const taken = await takeTicket(api, [{ resource_id: resourceId, resource_scopes: [scope] }]);
  if (taken.ticket !== null) return submit(token, taken.ticket);
  // Callers may ask for something that does not exist: that is a refusal, not a fault.
  throw new AuthError('permission_denied', `Keycloak gives no ticket (${taken.seen})`);
}

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
  const { ticket } = await takeTicket(api, wanted);
  if (ticket === null) return refusal;
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
