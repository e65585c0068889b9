import {
  type AdminConnection,
  type CurrentState,
  findClient,
  type SetupGoal,
  trying,
} from '../../admin/index.ts';

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
  return readValue(api, goal, client.id);
}

/** The secret the client has now; a client that never had one gets one. */
export async function readOrMakeSecret(api: AdminConnection['api'], goal: Named): Promise<string> {
  const { realm, clientId } = goal;
  const id = (await findClient(api, realm, clientId))?.id ?? '';
  const there = await readValue(api, goal, id);
  if (there) return there;
  const make = () => api.clients.generateNewClientSecret({ realm, id });
  return (await trying(`make a secret for the client ${clientId}`, make)).value ?? '';
}

const readValue = async (api: AdminConnection['api'], { realm, clientId }: Named, id: string) =>
  (
    await trying(`read the secret of the client ${clientId}`, () =>
      api.clients.getClientSecret({ realm, id }),
    )
  ).value;
