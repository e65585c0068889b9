import { AuthError } from '../core/index.ts';
import type { PermissionsEngine } from './permissions.ts';
import { toUnusable } from './resource-list.ts';

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
  const answer = await api.call('POST', 'permission', [
    { resource_id: resourceId, resource_scopes: [scope] },
  ]);
  const { ticket } = (answer.json ?? {}) as { ticket?: unknown };
  // Callers may ask for something that does not exist: that is a refusal, not a fault.
  if (answer.status >= 400)
    throw new AuthError('permission_denied', `Keycloak gives no ticket (${answer.seen})`);
  if (answer.status !== 201 || typeof ticket !== 'string') throw toUnusable(answer);
  return submit(token, ticket);
}
