import type AdminClient from '@keycloak/keycloak-admin-client';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js';
import { AdminError, toAdminError } from '../admin-error.ts';

/** An API that is to read the events of its realm. */
export interface EventsGoal {
  readonly realm: string;
  /** Client id of the API. */
  readonly clientId: string;
}

/** What is there now. */
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
 * Reads what is there now. Changes nothing.
 *
 * @throws {AdminError} where Keycloak does not answer, the admin may not see it, or the realm is not there
 */
export async function readEventsState(api: AdminClient, goal: EventsGoal): Promise<EventsState> {
  const { realm, clientId } = goal;
  try {
    const found = await api.realms.findOne({ realm });
    if (!found) throw new AdminError('missing', 404, `There is no realm ${realm}: look at --realm`);
    const client = await findClient(api, realm, clientId);
    const knownTypes = (await api.serverInfo.find()).enums?.eventType ?? [];
    const id = client?.serviceAccountsEnabled ? client.id : undefined;
    if (id === undefined) return { realm: found, client, knownTypes, mayRead: false };
    const account = await api.clients.getServiceAccountUser({ realm, id });
    const management = await findClient(api, realm, MANAGEMENT);
    const roles = await api.users.listCompositeClientRoleMappings({
      ...{ realm, id: account.id as string, clientUniqueId: management?.id as string },
    });
    return { realm: found, client, knownTypes, mayRead: roles.some(({ name }) => name === ROLE) };
  } catch (error) {
    throw toAdminError(error, 'see the events and the clients of the realm');
  }
}

export async function findClient(
  api: AdminClient,
  realm: string,
  clientId: string,
): Promise<ClientRepresentation | undefined> {
  return (await api.clients.find({ realm, clientId })).find((one) => one.clientId === clientId);
}
