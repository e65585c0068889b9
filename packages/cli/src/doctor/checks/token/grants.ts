import { type AdminConnection, findClient, rolesOf } from '../../../admin/connection.ts';
import type { Advice } from '../../check.ts';
import type { Claims } from '../../evidence/token.ts';

export type Grants = NonNullable<Awaited<ReturnType<typeof readGrants>>>;

/**
 * Reads what the user has and what the client passes on. Roles of clients are `client:role`. Where organizations are off, or not there
 * (before Keycloak 26), they are `undefined`.
 *
 * @param roleClients clients whose roles are wanted
 * @param aliases organizations in which groups and roles are wanted
 */
export async function readGrants(
  { api }: AdminConnection,
  realm: string,
  clientId: string,
  userId: string,
  roleClients: readonly string[],
  aliases: readonly string[],
) {
  const client = await findClient(api, realm, clientId);
  const id = client?.id;
  if (client === undefined || id === undefined) return undefined;
  const toNames = (clientName: string | undefined, list: readonly { name?: string }[]) =>
    list.map(({ name }) => (clientName === undefined ? `${name}` : `${clientName}:${name}`));
  const groups = await api.users.listGroups({ realm, id: userId });
  const roles = await rolesOf(api, { realm, id: userId }, roleClients, (name, role) => `${name}:${role}`);
  const scoped = await api.clients.listScopeMappings({ realm, id });
  const scopeLists = [client.defaultClientScopes ?? [], client.optionalClientScopes ?? []];
  const scopes = (await api.clientScopes.find({ realm }))
    .filter(({ name = '' }) => scopeLists.flat().includes(name))
    .map((one) => ({ ...one, isDefault: scopeLists[0]?.includes(one.name ?? '') ?? false }));
  const isOn = (await api.realms.findOne({ realm }))?.organizationsEnabled === true;
  const memberships = isOn
    ? await api.organizations.memberOrganizations({ realm, userId }).catch(() => [])
    : undefined;
  return {
    roles,
    groups: groups.map(({ path = '' }) => path),
    organizations:
      memberships &&
      (await Promise.all(
        memberships.map(async ({ id = '', alias = '', enabled }) => ({
          alias,
          isEnabled: enabled !== false,
          ...(aliases.includes(alias) ? await readWithin(api, realm, id, userId) : { groups: [], roles: [] }),
        })),
      )),
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

async function readWithin(api: AdminConnection['api'], realm: string, orgId: string, userId: string) {
  const ofOrganization = api.organizations.groups(orgId);
  // Before 26.6 there are none.
  const own = await ofOrganization.listOrgGroups({ realm, id: userId }).catch(() => []);
  const lists = await Promise.all(
    own.map(({ id = '' }) => ofOrganization.listCompositeRealmRoleMappings({ realm, id })),
  );
  return {
    groups: own.map(({ path = '' }) => path),
    roles: lists.flat().map(({ name = '' }) => name),
  };
}

export const AGAIN = 'The token is older than the change: sign in again, or refresh.';
export const ASK = 'Only an admin can see which: set KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD.';
export const page = ({ azp }: Claims, where: string) =>
  `Clients > ${azp ?? 'the client'} > Client scopes > ${where}`;

export const mapperOff = (config: Record<string, string> | undefined, what: string, where: string): Advice =>
  config?.['access.token.claim'] === 'false'
    ? {
        cause: `the mapper for ${what} does not add to access tokens`,
        fix: `${where}: Add to access token ON`,
      }
    : { cause: `${what} is there and passed on, but not in this token`, fix: AGAIN };
