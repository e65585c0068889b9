import { readFileSync } from 'node:fs';
import type { RealmRepresentation } from '../../packages/testing/src/index.ts';
import { REALM_FILE } from './dev-idp.ts';

/** The guide's realm, which keeps events; its API may read them. */
export function readEventsRealm(): RealmRepresentation {
  const realm = JSON.parse(readFileSync(REALM_FILE, 'utf8')) as RealmRepresentation;
  Object.assign(realm, { adminEventsEnabled: true, adminEventsDetailsEnabled: true, eventsEnabled: true });
  realm.users?.push({
    ...{ username: 'service-account-fastapi-keycloak', enabled: true },
    serviceAccountClientId: 'fastapi-keycloak',
    clientRoles: { 'realm-management': ['view-events'] },
  });
  const client = realm.clients?.find(({ clientId }) => clientId === 'fastapi-keycloak');
  if (client !== undefined) client.serviceAccountsEnabled = true;
  return realm;
}
