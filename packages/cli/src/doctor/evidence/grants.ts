import type ClientScopeRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js';
import type ProtocolMapperRepresentation from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js';
import { type AdminConnection, findClient } from '../../admin/index.ts';

/** A client scope of a client, and whether its tokens have it without asking. */
export interface OwnScope extends ClientScopeRepresentation {
  readonly isDefault: boolean;
}

/** What decides which roles, groups and organizations get into a token: the user's, and the client's. */
export interface Grants {
  readonly roles: ReadonlySet<string>;
  /** Paths. */
  readonly groups: readonly string[];
  /** `undefined` where organizations are off, or not there (before Keycloak 26). */
  readonly organizations: readonly { readonly alias: string; readonly isEnabled: boolean }[] | undefined;
  readonly hasFullScope: boolean;
  /** Roles that the client may put into tokens, where it has no full scope. */
  readonly scopedRoles: ReadonlySet<string>;
  readonly scopes: readonly OwnScope[];
  /** Of the client itself and of its scopes. */
  readonly mappers: readonly ProtocolMapperRepresentation[];
}

/**
 * Reads what the user has and what the client passes on. Roles of clients are `client:role`.
 *
 * @param roleClients clients whose roles are wanted
 */
export async function readGrants(
  { api }: AdminConnection,
  realm: string,
  clientId: string,
  userId: string,
  roleClients: readonly string[],
): Promise<Grants | undefined> {
  const client = await findClient(api, realm, clientId);
  const id = client?.id;
  if (client === undefined || id === undefined) return undefined;
  const toNames = (clientName: string | undefined, list: readonly { name?: string }[]) =>
    list.map(({ name }) => (clientName === undefined ? `${name}` : `${clientName}:${name}`));
  const groups = await api.users.listGroups({ realm, id: userId });
  const roles = toNames(undefined, await api.users.listCompositeRealmRoleMappings({ realm, id: userId }));
  for (const name of roleClients) {
    const uuid = (await findClient(api, realm, name))?.id;
    if (uuid === undefined) continue;
    const held = await api.users.listCompositeClientRoleMappings({ realm, id: userId, clientUniqueId: uuid });
    roles.push(...toNames(name, held));
  }
  const scoped = await api.clients.listScopeMappings({ realm, id });
  const named = [client.defaultClientScopes ?? [], client.optionalClientScopes ?? []];
  const scopes = (await api.clientScopes.find({ realm }))
    .filter(({ name = '' }) => named.flat().includes(name))
    .map((one) => ({ ...one, isDefault: named[0]?.includes(one.name ?? '') ?? false }));
  const isOn = (await api.realms.findOne({ realm }))?.organizationsEnabled === true;
  const organizations = isOn
    ? await api.organizations.memberOrganizations({ realm, userId }).catch(() => [])
    : undefined;
  return {
    roles: new Set(roles),
    groups: groups.map(({ path = '' }) => path),
    organizations: organizations?.map(({ alias = '', enabled }) => ({ alias, isEnabled: enabled !== false })),
    hasFullScope: client.fullScopeAllowed !== false,
    scopedRoles: new Set([
      ...toNames(undefined, scoped.realmMappings ?? []),
      ...Object.values(scoped.clientMappings ?? {}).flatMap(({ client: name, mappings }) =>
        toNames(name, mappings ?? []),
      ),
    ]),
    scopes,
    mappers: [...(client.protocolMappers ?? []), ...scopes.flatMap((one) => one.protocolMappers ?? [])],
  };
}
