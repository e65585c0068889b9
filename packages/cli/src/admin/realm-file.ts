import { type SetupGoal, toClient, toUser } from './goal.ts';
import { toGroupsMapper } from './mapper.ts';

/**
 * The same set-up as a RealmRepresentation, for `kc.sh start --import-realm`. It holds the client's secret and the
 * user's password: keep it as safe as the `.env` file.
 */
export function toRealmFile(goal: SetupGoal): object {
  const { user, grant = goal } = goal;
  return {
    realm: goal.realm,
    enabled: true,
    ...(goal.realmRoles.length + goal.clientRoles.length > 0
      ? {
          roles: {
            realm: goal.realmRoles.map((name) => ({ name })),
            client: { [goal.clientId]: goal.clientRoles.map((name) => ({ name })) },
          },
        }
      : {}),
    ...(goal.groups.length > 0 ? { groups: toTree(goal.groups) } : {}),
    clients: [withGroups(toClient(goal), goal)],
    ...(user
      ? {
          users: [
            {
              ...toUser(user),
              realmRoles: [`default-roles-${goal.realm.toLowerCase()}`, ...grant.realmRoles],
              clientRoles: { [goal.clientId]: grant.clientRoles },
              groups: grant.groups,
            },
          ],
        }
      : {}),
  };
}

/** A realm file that named client scopes would have to name all of Keycloak's: here the client has the mapper itself. */
function withGroups(client: ReturnType<typeof toClient>, { groups }: SetupGoal): object {
  if (groups.length === 0) return client;
  return { ...client, protocolMappers: [...client.protocolMappers, toGroupsMapper()] };
}

interface GroupNode {
  name: string;
  subGroups: GroupNode[];
}

function toTree(paths: readonly string[]): GroupNode[] {
  const roots: GroupNode[] = [];
  for (const path of paths) {
    let level = roots;
    for (const name of path.split('/').filter(Boolean)) {
      let node = level.find((one) => one.name === name);
      if (!node) {
        node = { name, subGroups: [] };
        level.push(node);
      }
      level = node.subGroups;
    }
  }
  return roots;
}
