import type AdminClient from '@keycloak/keycloak-admin-client';
import type GroupRepresentation from '@keycloak/keycloak-admin-client/lib/defs/groupRepresentation.js';
import { mustExist, toAdminError } from '../admin-error.ts';
import { findUser, splitGroupPath } from '../connection.ts';
import type { ActionOf } from '../plan/step.ts';

export interface InRealm {
  readonly api: AdminClient;
  readonly realm: string;
}

/** Finds an organization by its alias. */
export async function findOrganization({ api, realm }: InRealm, alias: string) {
  const list = await api.organizations.find({ realm, search: alias });
  return list.find((one) => (one.alias ?? one.name) === alias);
}

/**
 * Finds a group of an organization by its path within it.
 *
 * @returns `null` where Keycloak has no groups in organizations (before 26.6)
 */
export async function findOrganizationGroup(
  { api, realm }: InRealm,
  orgId: string,
  path: string,
): Promise<GroupRepresentation | undefined | null> {
  const { name: search } = splitGroupPath(path);
  try {
    const list = await api.organizations.groups(orgId).find({ realm, search, exact: true });
    return list.find((one) => one.path === path);
  } catch (error) {
    if (toAdminError(error, 'see the groups of the organization').kind === 'missing') return null;
    throw error;
  }
}

/** The steps of a plan about organizations. Ids are looked up when they are done. */
export const ORGANIZATION_ACTIONS = {
  'create-organization': ({ api, realm }: InRealm, { organization }: ActionOf<'create-organization'>) =>
    api.organizations.create({ ...organization, realm }),
  'update-organization': ({ api, realm }: InRealm, { organization }: ActionOf<'update-organization'>) =>
    api.organizations.updateById({ realm, id: organization.id ?? '' }, organization),
  async 'add-member'(at: InRealm, { alias, username }: ActionOf<'add-member'>) {
    const { api, realm } = at;
    return api.organizations.addMember({
      realm,
      orgId: await idOf(at, alias),
      userId: await userId(at, username),
    });
  },
  async 'create-organization-group'(at: InRealm, { alias, path }: ActionOf<'create-organization-group'>) {
    const { realm } = at;
    const orgId = await idOf(at, alias);
    const groups = at.api.organizations.groups(orgId);
    const { parent, name } = splitGroupPath(path);
    if (parent === '') return groups.create({ realm, name });
    return groups.createChildGroup({ realm, id: await groupId(at, orgId, parent) }, { name });
  },
  async 'grant-organization-role'(at: InRealm, { alias, path, role }: ActionOf<'grant-organization-role'>) {
    const { api, realm } = at;
    const orgId = await idOf(at, alias);
    const { id, name } = mustExist(await api.roles.findOneByName({ realm, name: role }), role);
    const roles = [{ id: id as string, name: name as string }];
    const target = { realm, id: await groupId(at, orgId, path), roles };
    return api.organizations.groups(orgId).addRealmRoleMappings(target);
  },
  async 'join-organization-group'(at: InRealm, action: ActionOf<'join-organization-group'>) {
    const orgId = await idOf(at, action.alias);
    const target = { realm: at.realm, groupId: await groupId(at, orgId, action.path) };
    const groups = at.api.organizations.groups(orgId);
    return groups.addMemberToOrgGroup({ ...target, userId: await userId(at, action.username) });
  },
};

const idOf = async (at: InRealm, alias: string): Promise<string> =>
  mustExist(await findOrganization(at, alias), alias).id as string;

const groupId = async (at: InRealm, orgId: string, path: string): Promise<string> =>
  mustExist((await findOrganizationGroup(at, orgId, path)) ?? undefined, path).id as string;

const userId = async ({ api, realm }: InRealm, username: string): Promise<string> =>
  mustExist(await findUser(api, realm, username), username).id as string;
