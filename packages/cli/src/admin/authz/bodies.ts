import type AdminClient from '@keycloak/keycloak-admin-client';
import { gone } from '../admin-error.ts';
import type { AuthzState } from './current.ts';
import { type AuthzModel, type Item, namesIn } from './model.ts';

/** The id of what has this name now. */
export function idOf(state: AuthzState, kind: keyof AuthzState['ids'], name: string): string {
  const id = state.ids[kind].get(name);
  if (id === undefined) throw gone(name, 'client');
  return id;
}

/** A resource, for Keycloak. It has every member, because an omitted one would keep its old value. */
export function toResourceBody({ iconUri, ...item }: Item, state: AuthzState): object {
  const scopes = namesIn(item as Item, 'scopes').map((name) => ({ id: idOf(state, 'scopes', name), name }));
  const whole = { uris: [], attributes: {}, ownerManagedAccess: false, ...item, scopes };
  return iconUri === undefined ? whole : { ...whole, icon_uri: iconUri };
}

/** The switches of the whole, as they are now. */
export async function readSwitches(
  api: AdminClient,
  { realm, clientUuid: id }: Pick<AuthzState, 'realm' | 'clientUuid'>,
): Promise<AuthzModel['switches']> {
  const { policyEnforcementMode, decisionStrategy, allowRemoteResourceManagement } =
    await api.clients.getResourceServer({ realm, id });
  return { policyEnforcementMode, decisionStrategy, allowRemoteResourceManagement } as AuthzModel['switches'];
}
