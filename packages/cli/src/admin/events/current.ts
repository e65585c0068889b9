import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js';
import { trying } from '../admin-error.ts';
import { findClient, findRealm } from '../look-up.ts';

/** An API that is to read the events of its realm. */
export interface EventsGoal {
  readonly realm: string;
  /** Client id of the API. */
  readonly clientId: string;
}

/** The current state. */
export interface EventsState {
  readonly realm: RealmRepresentation;
  readonly client: ClientRepresentation | undefined;
  /** Whether its service account may read events. */
  readonly mayRead: boolean;
  /** Types of user events that this version of Keycloak knows. */
  readonly knownTypes: readonly string[];
}

/** The client whose roles are rights in a realm. */
export const MANAGEMENT = 'realm-management';
export const ROLE = 'view-events';

/**
 * Reads the current state. Changes nothing.
 *
 * @throws {AdminError} where Keycloak does not answer, the admin may not see it, or the realm does not exist
 */
export async function readEventsState(api: AdminClient, goal: EventsGoal): Promise<EventsState> {
  const { realm, clientId } = goal;
  return trying('see the events and the clients of the realm', async () => {
    const there = await findRealm(api, realm);
    const client = await findClient(api, realm, clientId);
    // An admin of one realm may not see it. Then the types that every version knows are enough.
    const info = await api.serverInfo.find().catch(() => undefined);
    const knownTypes = info?.enums?.eventType ?? [];
    const id = client?.serviceAccountsEnabled ? client.id : undefined;
    if (id === undefined) return { realm: there, client, knownTypes, mayRead: false };
    const account = await api.clients.getServiceAccountUser({ realm, id });
    const management = await findClient(api, realm, MANAGEMENT);
    const roles = await api.users.listCompositeClientRoleMappings({
      ...{ realm, id: account.id as string, clientUniqueId: management?.id as string },
    });
    return { realm: there, client, knownTypes, mayRead: roles.some(({ name }) => name === ROLE) };
  });
}
