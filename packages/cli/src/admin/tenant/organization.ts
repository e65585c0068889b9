import type AdminClient from '@keycloak/keycloak-admin-client';
import type GroupRepresentation from '@keycloak/keycloak-admin-client/lib/defs/groupRepresentation.js';
import { mustExist, toAdminError, trying } from '../admin-error.ts';
import { findRealm, findUser, splitGroupPath } from '../connection.ts';
import { type readMapperTypes, withParents } from '../current.ts';
import { toOrganizationGroupsMapper, toOrganizationMapper } from '../mappers.ts';
import { isLacking, NO_ORGANIZATIONS, turnOrganizationsOn } from '../plan/app-scope.ts';
import {
  type ActionOf,
  added,
  change,
  newPart,
  type Part,
  type Plan,
  toChange,
  toCreate,
} from '../plan/step.ts';

export interface InRealm {
  readonly api: AdminClient;
  readonly realm: string;
}

/** Finds an organization by its alias. */
async function findOrganization({ api, realm }: InRealm, alias: string) {
  const list = await api.organizations.find({ realm, search: alias });
  return list.find((one) => (one.alias ?? one.name) === alias);
}

/**
 * Finds a group of an organization by its path within it.
 *
 * @returns `null` where Keycloak has no groups in organizations (before 26.6)
 */
async function findOrganizationGroup(
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
      userId: await userIdOf(at, username),
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
    return groups.addMemberToOrgGroup({ ...target, userId: await userIdOf(at, action.username) });
  },
};

const idOf = async (at: InRealm, alias: string): Promise<string> =>
  mustExist(await findOrganization(at, alias), alias).id as string;

const groupId = async (at: InRealm, orgId: string, path: string): Promise<string> =>
  mustExist((await findOrganizationGroup(at, orgId, path)) ?? undefined, path).id as string;

export const userIdOf = async ({ api, realm }: InRealm, username: string): Promise<string> =>
  mustExist(await findUser(api, realm, username), username).id as string;

export interface OrganizationGoal {
  readonly realm: string;
  readonly alias: string;
  readonly domains: readonly string[];
  /** Where Keycloak sends people who accepted an invitation. */
  readonly redirectUrl: string | undefined;
  /** Groups of the organization, as paths within it; the user joins them. */
  readonly groups: readonly string[];
  readonly username: string | undefined;
  /** Role of the realm: of the groups, else of the user. */
  readonly role: string | undefined;
}

export type OrganizationState = Awaited<ReturnType<typeof readOrganization>>;

interface GroupState {
  readonly hasRole: boolean;
  readonly hasUser: boolean;
}

/**
 * Changes nothing.
 *
 * @param readTypes the kinds of mapper that the server has, once for all organizations
 * @throws {AdminError} if Keycloak does not answer, or the realm does not exist
 */
export async function readOrganization(
  api: AdminClient,
  goal: OrganizationGoal,
  readTypes: () => ReturnType<typeof readMapperTypes>,
) {
  const { realm, alias, username, role: roleName } = goal;
  return trying(`see the organizations of the realm ${realm}`, async () => {
    const there = await findRealm(api, realm);
    const organization = there.organizationsEnabled
      ? await findOrganization({ api, realm }, alias)
      : undefined;
    const user = username === undefined ? undefined : await findUser(api, realm, username);
    const orgId = organization?.id;
    // An organization that is there can be asked itself.
    const types = orgId === undefined ? await readTypes() : undefined;
    const newGroups = isLacking(toOrganizationGroupsMapper(), types)
      ? undefined
      : new Map<string, GroupState>();
    const members =
      orgId && user?.id ? await api.organizations.listMembers({ realm, orgId, search: username ?? '' }) : [];
    const role =
      roleName === undefined ? undefined : await api.roles.findOneByName({ realm, name: roleName });
    const granted = role && user?.id ? await api.users.listRealmRoleMappings({ realm, id: user.id }) : [];
    return {
      realm: there,
      organization,
      /** `false`: this Keycloak has none. */
      hasOrganizations: !isLacking(toOrganizationMapper(), types),
      /** The named groups and their parents, by path, as far as they are there. `undefined`: this Keycloak has none. */
      groups: orgId === undefined ? newGroups : await readGroups(api, goal, orgId, user?.id),
      hasUser: user !== undefined,
      isMember: members.some(({ id }) => id === user?.id),
      hasRole: Boolean(role),
      /** Whether the user has the role in the realm. */
      isGranted: granted.some(({ name }) => name === roleName),
    };
  });
}

async function readGroups(
  api: AdminClient,
  { realm, groups, role }: OrganizationGoal,
  orgId: string,
  userId: string | undefined,
): Promise<ReadonlyMap<string, GroupState> | undefined> {
  const states = new Map<string, GroupState>();
  const ofOrganization = api.organizations.groups(orgId);
  for (const path of withParents(groups)) {
    const group = await findOrganizationGroup({ api, realm }, orgId, path);
    if (group === null) return undefined;
    if (group?.id === undefined) continue;
    const target = { realm, id: group.id };
    const roles = await ofOrganization.listRealmRoleMappings(target);
    const members = userId === undefined ? [] : await ofOrganization.listMembers(target);
    states.set(path, {
      hasRole: roles.some(({ name }) => name === role),
      hasUser: members.some(({ id }) => id === userId),
    });
  }
  return states;
}

export function planOrganization(state: OrganizationState, goal: OrganizationGoal): Plan {
  const { alias, username, role: roleName, groups } = goal;
  const subject = `organization ${alias}`;
  const part = newPart();
  const { steps, kept, blocked } = part;
  if (!state.hasOrganizations) {
    blocked.push({ subject, ...NO_ORGANIZATIONS });
    return part;
  }
  if (!state.realm.organizationsEnabled) steps.push(turnOrganizationsOn(goal.realm));
  planOwn(state, goal, part);
  if (roleName !== undefined && !state.hasRole && (state.hasUser || groups.length > 0))
    steps.push(toCreate(`realm role ${roleName}`, { type: 'create-realm-role', name: roleName }));
  if (username !== undefined && !state.hasUser) {
    const fix = `make the user first (setup api --user ${username}), and run this again`;
    blocked.push({ subject, why: `there is no user ${username}`, fix });
  } else if (username !== undefined && !state.isMember)
    steps.push(
      toChange(subject, [added('Members', username)], { type: 'add-member', alias, username }, [
        `${username} is a member of ${alias}: tokens of ${username} can name it`,
      ]),
    );
  if (groups.length > 0) planGroups(state, goal, part);
  else if (username !== undefined && state.hasUser && roleName !== undefined && !state.isGranted)
    steps.push(
      toChange(
        `user ${username}`,
        [added('roles', roleName)],
        { type: 'grant-roles', realmRoles: [roleName], clientRoles: [] },
        [
          `${username} may what the role ${roleName} may, in every organization that ${username} is a member of (--group gives it in this one alone)`,
        ],
      ),
    );
  if (steps.length + blocked.length === 0) kept.push(subject);
  return part;
}

function planOwn(
  { organization: there }: OrganizationState,
  { alias, domains, redirectUrl }: OrganizationGoal,
  { steps }: Part,
): void {
  const subject = `organization ${alias}`;
  const known = (there?.domains ?? []).map((one) => (typeof one === 'string' ? one : (one.name ?? '')));
  const more = domains.filter((one) => !known.includes(one));
  const isMoved = redirectUrl !== undefined && redirectUrl !== there?.redirectUrl;
  const changes = [
    ...(more.length === 0 ? [] : [added('Domains', ...more)]),
    ...(isMoved ? [change('Redirect URL', redirectUrl, there?.redirectUrl)] : []),
  ];
  const opens =
    more.length === 0
      ? []
      : [`people with an address of ${more.join(', ')} are led to ${alias} at the login`];
  const organization = {
    ...(there ?? { name: alias, alias, enabled: true }),
    domains: [...(there?.domains ?? []), ...more.map((name) => ({ name, verified: false }))],
    ...(isMoved && { redirectUrl }),
  };
  if (there === undefined)
    steps.push({ ...toCreate(subject, { type: 'create-organization', organization }, changes), opens });
  else if (changes.length > 0)
    steps.push(toChange(subject, changes, { type: 'update-organization', organization }, opens));
}

/** Keycloak's roles are those of the realm: a group of the organization that has one gives it there alone. */
function planGroups(
  { groups: there, hasUser }: OrganizationState,
  { alias, groups, role, username }: OrganizationGoal,
  { steps, blocked }: Part,
): void {
  if (there === undefined) {
    const fix = 'Keycloak 26.6 has them: until then, give the user a role or a group of the realm';
    blocked.push({
      subject: `organization ${alias}`,
      why: 'this Keycloak has no groups in organizations',
      fix,
    });
    return;
  }
  for (const path of withParents(groups)) {
    const subject = `group ${path} of ${alias}`;
    if (!there.has(path)) steps.push(toCreate(subject, { type: 'create-organization-group', alias, path }));
    if (!groups.includes(path)) continue;
    if (role !== undefined && !there.get(path)?.hasRole)
      steps.push(
        toChange(
          subject,
          [added('roles', role)],
          { type: 'grant-organization-role', alias, path, role },
          there.has(path)
            ? [`members of ${path} of ${alias} may what the role ${role} may, for ${alias} alone`]
            : [],
        ),
      );
    if (username !== undefined && hasUser && !there.get(path)?.hasUser)
      steps.push(
        toChange(
          subject,
          [added('Members', username)],
          { type: 'join-organization-group', alias, path, username },
          [`${username} may what ${path} of ${alias} may${role === undefined ? '' : `: the role ${role}`}`],
        ),
      );
  }
}
