import type AdminClient from '@keycloak/keycloak-admin-client';
import { toAdminError } from '../admin-error.ts';
import { updateClient } from '../apply.ts';
import type { Step } from '../plan/step.ts';
import { type EventsGoal, findClient, MANAGEMENT, ROLE } from './current.ts';
import type { EventsAction } from './plan.ts';

/**
 * Does one step; it can be repeated.
 *
 * @throws {AdminError} where Keycloak does not answer or refuses
 */
export async function applyEventsStep(
  api: AdminClient,
  goal: EventsGoal,
  { action, kind, subject }: Step<EventsAction>,
): Promise<void> {
  const { realm } = goal;
  try {
    if (action.type === 'keep-events') {
      // Keycloak takes the attributes it is sent for the whole list.
      const current = await api.realms.findOne({ realm });
      const attributes = { ...current?.attributes, ...action.attributes };
      await api.realms.update({ realm }, { ...action.patch, attributes });
    } else if (action.type === 'enable-service-account') {
      await updateClient(api, goal, { patch: { serviceAccountsEnabled: true }, attributes: {} });
    } else await grant(api, goal);
  } catch (error) {
    throw toAdminError(error, `${kind} the ${subject}`);
  }
}

async function grant(api: AdminClient, { realm, clientId }: EventsGoal): Promise<void> {
  const [client, management] = [
    await findClient(api, realm, clientId),
    await findClient(api, realm, MANAGEMENT),
  ];
  const account = await api.clients.getServiceAccountUser({ realm, id: client?.id as string });
  const clientUniqueId = management?.id as string;
  const role = await api.clients.findRole({ realm, id: clientUniqueId, roleName: ROLE });
  await api.users.addClientRoleMappings({
    ...{ realm, id: account.id as string, clientUniqueId },
    roles: [{ id: role?.id as string, name: ROLE }],
  });
}
