import type { AdminConnection } from '../../../packages/cli/src/admin/connection.ts';

/** What a set-up looks like in Keycloak, without ids and times: two that are equal are the same set-up. */
export async function takeSnapshot(
  api: AdminConnection['api'],
  realm: string,
  clientId: string,
  username: string,
) {
  const client = (await api.clients.find({ realm, clientId }))[0];
  const user = (await api.users.find({ realm, username, exact: true }))[0];
  const id = user?.id ?? '';
  const [roles, groups, credentials, top] = await Promise.all([
    api.users.listRealmRoleMappings({ realm, id }),
    api.users.listGroups({ realm, id }),
    api.users.getCredentials({ realm, id }),
    api.realms.findOne({ realm }),
  ]);
  const { id: _id, secret: _secret, access: _access, attributes, protocolMappers, ...rest } = client ?? {};
  return {
    realm: { enabled: top?.enabled, sslRequired: top?.sslRequired },
    client: {
      ...rest,
      defaultClientScopes: rest.defaultClientScopes?.sort(),
      optionalClientScopes: rest.optionalClientScopes?.sort(),
      attributes: Object.fromEntries(
        Object.entries(attributes ?? {})
          .filter(([name]) => !/time/.test(name))
          .sort(),
      ),
      mappers: (protocolMappers ?? [])
        .map(({ name, config }) => ({ name, config }))
        .sort((a, b) => (a.name ?? '').localeCompare(b.name ?? '')),
    },
    clientRoles: (await api.clients.listRoles({ realm, id: client?.id ?? '' }))
      .map(({ name }) => name)
      .sort(),
    user: {
      username: user?.username,
      email: user?.email,
      firstName: user?.firstName,
      lastName: user?.lastName,
      enabled: user?.enabled,
      requiredActions: user?.requiredActions ?? [],
      roles: roles.map(({ name }) => name).sort(),
      groups: groups.map(({ path }) => path).sort(),
      credentials: credentials.map(({ type }) => type),
    },
  };
}
