import type { Grant } from './grant.ts';
import type { GrantData } from './grant-manager.ts';
import type { KeycloakHost } from './host.ts';
import { outageOf } from './refusal.ts';
import type { ConnectRequest, ConnectResponse } from './request.ts';

/**
 * The grant of a request, from the first store that has one.
 *
 * A grant that Keycloak refuses is removed from the session, or every request would ask again. Before that, the store is
 * read once more: another process may just have renewed the grant, and with rotated refresh tokens ours is then the old one.
 */
export async function readGrant(
  keycloak: KeycloakHost,
  request: ConnectRequest,
  response: ConnectResponse,
): Promise<Grant> {
  let held: unknown;
  const store = keycloak.stores.find((one) => {
    held = one.get(request);
    return held;
  });
  if (store === undefined || isRefusal(held)) throw new Error('Could not obtain grant code error');
  store.assertOrigin?.(request);
  try {
    return await keep(held);
  } catch (error) {
    if (outageOf(error) !== undefined) throw toStoreError(error);
    const newer = await store.reload?.(request).catch(() => undefined);
    if (newer !== undefined && newer !== held) {
      return keep(newer).catch((later: unknown) => {
        throw toStoreError(later);
      });
    }
    store.drop?.(request, response);
    throw toStoreError(error);
  }

  async function keep(kept: unknown): Promise<Grant> {
    const grant = await keycloak.grantManager.createGrant(kept as GrantData);
    keycloak.storeGrant(grant, request, response);
    return grant;
  }
}

function isRefusal(held: unknown): boolean {
  return typeof held === 'object' && held !== null && 'error' in held;
}

function toStoreError(cause: unknown): Error {
  return new Error('Could not store grant code error', { cause });
}
