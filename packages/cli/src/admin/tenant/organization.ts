import type AdminClient from '@keycloak/keycloak-admin-client';
import type OrganizationRepresentation from '@keycloak/keycloak-admin-client/lib/defs/organizationRepresentation.js';
import type RealmRepresentation from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js';
import { toAdminError } from '../admin-error.ts';
import { findUser } from '../current.ts';
import type { Blocked, Plan, Step } from '../plan/step.ts';

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

/** Changes nothing. @throws {AdminError} where Keycloak does not answer, or the realm is not there */
export async function readOrganization(api: AdminClient, goal: OrganizationGoal): Promise<OrganizationState> {
  const { realm, alias, admin, adminRole } = goal;
  try {
    const found = await api.realms.findOne({ realm });
    if (!found) throw new Error(`There is no realm ${realm}: look at --realm`);
    const list = found.organizationsEnabled ? await api.organizations.find({ realm, search: alias }) : [];
    const organization = list.find((one) => (one.alias ?? one.name) === alias);
    const user = admin === undefined ? undefined : await findUser(api, realm, admin);
    const orgId = organization?.id;
    const members =
      orgId && user?.id ? await api.organizations.listMembers({ realm, orgId, search: admin ?? '' }) : [];
    const role =
      adminRole === undefined ? undefined : await api.roles.findOneByName({ realm, name: adminRole });
    const granted = role && user?.id ? await api.users.listRealmRoleMappings({ realm, id: user.id }) : [];
    return {
      realm: found,
      organization,
      hasAdmin: user !== undefined,
      isMember: members.some(({ id }) => id === user?.id),
      hasRole: Boolean(role),
      isGranted: granted.some(({ name }) => name === adminRole),
    };
  } catch (error) {
    throw toAdminError(error, `see the organizations of the realm ${realm}`);
  }
}

/** Organization, domains, and an admin who is a member. Nothing is taken away. */
export function planOrganization(state: OrganizationState, goal: OrganizationGoal): Plan {
  const { alias, admin, adminRole, domains } = goal;
  const subject = `organization ${alias}`;
  const steps: Step[] = [];
  const blocked: Blocked[] = [];
  if (!state.realm.organizationsEnabled)
    steps.push({
      kind: 'change',
      subject: `realm ${goal.realm}`,
      changes: [{ field: 'Organizations', from: 'off', to: 'on' }],
      opens: [
        'the login page of every application of the realm asks for the name first, then for the password',
      ],
      action: { type: 'update-realm', patch: { organizationsEnabled: true } },
    });
  const there = (state.organization?.domains ?? []).map((one) =>
    typeof one === 'string' ? one : (one.name ?? ''),
  );
  const added = domains.filter((one) => !there.includes(one));
  const all = [...there, ...added].map((name) => ({ name, verified: false }));
  const changes = added.length === 0 ? [] : [{ field: 'Domains', from: '', to: `+ ${added.join(', ')}` }];
  const opens =
    added.length === 0
      ? []
      : [`people with an address of ${added.join(', ')} are led to ${alias} at the login`];
  if (state.organization === undefined) {
    const organization = { name: alias, alias, enabled: true, domains: all };
    steps.push({
      kind: 'create',
      subject,
      changes,
      opens,
      action: { type: 'create-organization', organization },
    });
  } else if (added.length > 0) {
    const domains = [...(state.organization.domains ?? []), ...all.slice(there.length)];
    const action = { type: 'update-organization', organization: { ...state.organization, domains } } as const;
    steps.push({ kind: 'change', subject, changes, opens, action });
  }
  if (admin !== undefined && !state.hasAdmin) {
    const fix = `make the user first (setup guide --user ${admin}), and run this again`;
    blocked.push({ subject, why: `there is no user ${admin}`, fix });
  } else if (admin !== undefined) {
    if (!state.isMember)
      steps.push({
        kind: 'change',
        subject,
        changes: [{ field: 'Members', from: '', to: `+ ${admin}` }],
        opens: [`${admin} is a member of ${alias}: tokens of ${admin} can name it`],
        action: { type: 'add-member', alias, username: admin },
      });
    if (adminRole !== undefined && !state.hasRole)
      steps.push({
        kind: 'create',
        subject: `realm role ${adminRole}`,
        changes: [],
        action: { type: 'create-realm-role', name: adminRole },
      });
    if (adminRole !== undefined && !state.isGranted)
      steps.push({
        kind: 'change',
        subject: `user ${admin}`,
        changes: [{ field: 'roles', from: '', to: `+ ${adminRole}` }],
        // Keycloak has no roles of one organization.
        opens: [
          `${admin} may what the role ${adminRole} may, in every organization that ${admin} is a member of`,
        ],
        action: { type: 'grant-roles', realmRoles: [adminRole], clientRoles: [] },
      });
  }
  return { steps, kept: steps.length + blocked.length === 0 ? [subject] : [], blocked };
}
