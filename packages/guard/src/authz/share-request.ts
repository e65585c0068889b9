import { AuthError } from '../core/index.ts';
import type { PermissionsEngine } from './permissions.ts';
import { toUnusable } from './resource-list.ts';

/**
 * Asks for one scope by a ticket, and files a request with the owner where it is not granted: the one place where
 * `submit_request` is on.
 */
export async function requestAccess(
  { api, submit }: PermissionsEngine,
  token: string,
  resourceId: string,
  scope: string,
): Promise<'granted' | 'requested' | 'refused'> {
  const answer = await api.call('POST', 'permission', [
    { resource_id: resourceId, resource_scopes: [scope] },
  ]);
  const { ticket } = (answer.json ?? {}) as { ticket?: unknown };
  // Whoever asks may ask for what is not there: that is no fault here.
  if (answer.status >= 400)
    throw new AuthError('permission_denied', `Keycloak gives no ticket (${answer.seen})`);
  if (answer.status !== 201 || typeof ticket !== 'string') throw toUnusable(answer);
  return submit(token, ticket);
}
