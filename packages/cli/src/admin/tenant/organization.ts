import type AdminClient from '@keycloak/keycloak-admin-client';
import type OrganizationRepresentation from '@keycloak/keycloak-admin-client/lib/defs/organizationRepresentation.js';
import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js';
import { trying } from '../admin-error.ts';
import { findRealm, findUser } from '../connection.ts';
import { added, newPart, type Plan, switchedOn, toChange, toCreate } from '../plan/step.ts';

export interface OrganizationGoal {
  readonly realm: string;
  readonly alias: string;
  readonly domains: readonly string[];
  readonly username: string | undefined;
  readonly role: string | undefined;
}

export interface OrganizationState {
  readonly realm: RealmRepresentation;
  readonly organization: OrganizationRepresentation | undefined;
  readonly hasUser: boolean;
  readonly isMember: boolean;
  readonly hasRole: boolean;
  readonly isGranted: boolean;
}

/** Changes nothing. @throws {AdminError} if Keycloak does not answer, or the realm does not exist */
export async function readOrganization(api: AdminClient, goal: OrganizationGoal): Promise<OrganizationState> {
  const { realm, alias, username, role: roleName } = goal;
  return trying(`see the organizations of the realm ${realm}`, async () => {
    const there = await findRealm(api, realm);
    const list = there.organizationsEnabled ? await api.organizations.find({ realm, search: alias }) : [];
    const organization = list.find((one) => (one.alias ?? one.name) === alias);
    const user = username === undefined ? undefined : await findUser(api, realm, username);
    const orgId = organization?.id;
    const members =
      orgId && user?.id ? await api.organizations.listMembers({ realm, orgId, search: username ?? '' }) : [];
    const role =
      roleName === undefined ? undefined : await api.roles.findOneByName({ realm, name: roleName });
    const granted = role && user?.id ? await api.users.listRealmRoleMappings({ realm, id: user.id }) : [];
    return {
      realm: there,
      organization,
      hasUser: user !== undefined,
      isMember: members.some(({ id }) => id === user?.id),
      hasRole: Boolean(role),
      isGranted: granted.some(({ name }) => name === roleName),
    };
  });
}

export function planOrganization(state: OrganizationState, goal: OrganizationGoal): Plan {
  const { alias, username, role: roleName, domains } = goal;
  const subject = `organization ${alias}`;
  const { steps, kept, blocked } = newPart();
  if (!state.realm.organizationsEnabled)
    steps.push(
      toChange(
        `realm ${goal.realm}`,
        [switchedOn('Organizations')],
        { type: 'update-realm', patch: { organizationsEnabled: true } },
        ['the login page of every application of the realm asks for the name first, then for the password'],
      ),
    );
  const there = (state.organization?.domains ?? []).map((one) =>
    typeof one === 'string' ? one : (one.name ?? ''),
  );
  const more = domains.filter((one) => !there.includes(one));
  const all = [...there, ...more].map((name) => ({ name, verified: false }));
  const changes = more.length === 0 ? [] : [added('Domains', ...more)];
  const opens =
    more.length === 0
      ? []
      : [`people with an address of ${more.join(', ')} are led to ${alias} at the login`];
  if (state.organization === undefined) {
    const organization = { name: alias, alias, enabled: true, domains: all };
    steps.push({ ...toCreate(subject, { type: 'create-organization', organization }, changes), opens });
  } else if (more.length > 0) {
    const whole = [...(state.organization.domains ?? []), ...all.slice(there.length)];
    const organization = { ...state.organization, domains: whole };
    steps.push(toChange(subject, changes, { type: 'update-organization', organization }, opens));
  }
  if (username !== undefined && !state.hasUser) {
    const fix = `make the user first (setup guide makes one), and run this again`;
    blocked.push({ subject, why: `there is no user ${username}`, fix });
  } else if (username !== undefined) {
    if (!state.isMember)
      steps.push(
        toChange(subject, [added('Members', username)], { type: 'add-member', alias, username }, [
          `${username} is a member of ${alias}: tokens of ${username} can name it`,
        ]),
      );
    if (roleName !== undefined && !state.hasRole)
      steps.push(toCreate(`realm role ${roleName}`, { type: 'create-realm-role', name: roleName }));
    if (roleName !== undefined && !state.isGranted)
      steps.push(
        toChange(
          `user ${username}`,
          [added('roles', roleName)],
          { type: 'grant-roles', realmRoles: [roleName], clientRoles: [] },
          // Keycloak has no roles of one organization.
          [
            `${username} may what the role ${roleName} may, in every organization that ${username} is a member of`,
          ],
        ),
      );
  }
  if (steps.length + blocked.length === 0) kept.push(subject);
  return { steps, kept, blocked };
}
