import { type AdminConnection, type CurrentState, findClient, type SetupGoal } from '../../admin/index.ts';

type Named = Pick<SetupGoal, 'realm' | 'clientId' | 'clientSecret'>;

/**
 * The secret the client will have: that of a confidential client that exists, or the one it is created with.
 * `undefined`: Keycloak is going to make one up.
 */
export async function readSecret(
  api: AdminConnection['api'],
  goal: Named,
  client: CurrentState['client'] | undefined,
): Promise<string | undefined> {
  if (client === null || client === undefined) return goal.clientSecret;
  if (client.publicClient || client.id === undefined) return undefined;
  return (await api.clients.getClientSecret({ realm: goal.realm, id: client.id })).value;
}

/** The secret the client has now; a client that never had one gets one. */
export async function readOrMakeSecret(api: AdminConnection['api'], goal: Named): Promise<string> {
  const { realm } = goal;
  const id = (await findClient(api, realm, goal.clientId))?.id ?? '';
  const there = (await api.clients.getClientSecret({ realm, id })).value;
  if (there) return there;
  return (await api.clients.generateNewClientSecret({ realm, id })).value ?? '';
}
