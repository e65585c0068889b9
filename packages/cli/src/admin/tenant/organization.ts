import type AdminClient from '@keycloak/keycloak-admin-client';
import type OrganizationRepresentation from '@keycloak/keycloak-admin-client/lib/defs/organizationRepresentation.js';
import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js';
import { trying } from '../admin-error.ts';
import { findRealm, findUser } from '../connection.ts';
import { added, newPart, type Plan, switchedOn, toChange, toCreate } from '../plan/step.ts';

/** A tenant that is an organization of a realm. */
export interface OrganizationGoal {
  readonly realm: string;
  readonly alias: string;
  readonly domains: readonly string[];
  /** User who becomes a member. */
  readonly admin: string | undefined;
  /** Role of the realm that the admin gets. */
  readonly adminRole: string | undefined;
}

export interface OrganizationState {
  readonly realm: RealmRepresentation;
  readonly organization: OrganizationRepresentation | undefined;
  readonly hasAdmin: boolean;
  readonly isMember: boolean;
  readonly hasRole: boolean;
  readonly isGranted: boolean;
}

/** Changes nothing. @throws {AdminError} if Keycloak does not answer, or the realm does not exist */
export async function readOrganization(api: AdminClient, goal: OrganizationGoal): Promise<OrganizationState> {
  const { realm, alias, admin, adminRole } = goal;
  return trying(`see the organizations of the realm ${realm}`, async () => {
    const there = await findRealm(api, realm);
    const list = there.organizationsEnabled ? await api.organizations.find({ realm, search: alias }) : [];
    const organization = list.find((one) => (one.alias ?? one.name) === alias);
    const user = admin === undefined ? undefined : await findUser(api, realm, admin);
    const orgId = organization?.id;
    const members =
      orgId && user?.id ? await api.organizations.listMembers({ realm, orgId, search: admin ?? '' }) : [];
    const role =
      adminRole === undefined ? undefined : await api.roles.findOneByName({ realm, name: adminRole });
    const granted = role && user?.id ? await api.users.listRealmRoleMappings({ realm, id: user.id }) : [];
    return {
      realm: there,
      organization,
      hasAdmin: user !== undefined,
      isMember: members.some(({ id }) => id === user?.id),
      hasRole: Boolean(role),
      isGranted: granted.some(({ name }) => name === adminRole),
    };
  });
}

/** Creates the organization, adds its domains, and makes the admin a member. Only adds. */
export function planOrganization(state: OrganizationState, goal: OrganizationGoal): Plan {
  const { alias, admin, adminRole, domains } = goal;
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
  if (admin !== undefined && !state.hasAdmin) {
    const fix = `make the user first (setup guide makes one), and run this again`;
    blocked.push({ subject, why: `there is no user ${admin}`, fix });
  } else if (admin !== undefined) {
    if (!state.isMember)
      steps.push(
        toChange(subject, [added('Members', admin)], { type: 'add-member', alias, username: admin }, [
          `${admin} is a member of ${alias}: tokens of ${admin} can name it`,
        ]),
      );
    if (adminRole !== undefined && !state.hasRole)
      steps.push(toCreate(`realm role ${adminRole}`, { type: 'create-realm-role', name: adminRole }));
    if (adminRole !== undefined && !state.isGranted)
      steps.push(
        toChange(
          `user ${admin}`,
          [added('roles', adminRole)],
          { type: 'grant-roles', realmRoles: [adminRole], clientRoles: [] },
          // Keycloak has no roles of one organization.
          [`${admin} may what the role ${adminRole} may, in every organization that ${admin} is a member of`],
        ),
      );
  }
  if (steps.length + blocked.length === 0) kept.push(subject);
  return { steps, kept, blocked };
}
