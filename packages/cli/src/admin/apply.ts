import type AdminClient from '@keycloak/keycloak-admin-client';
import { AdminError, toAdminError } from './admin-error.ts';
import { findGroup, findUser } from './current.ts';
import type { UserGoal } from './goal.ts';
import type { Step } from './plan/step.ts';

/** Where steps are done. */
export interface StepTarget {
  readonly realm: string;
  /** Client of the API. */
  readonly clientId: string;
  readonly user?: Pick<UserGoal, 'username'> | undefined;
}

/**
 * Does one step. Every id is looked up now, and what somebody else, or an earlier run that was cut off, has made in the
 * meantime counts as done: so a run can be repeated from any point.
 *
 * @throws {AdminError} when Keycloak does not answer or refuses
 */
export async function applyStep(api: AdminClient, goal: StepTarget, step: Step): Promise<void> {
  const doing = `${step.kind} the ${step.subject}`;
  try {
    await doAction(api, goal, step.action);
  } catch (error) {
    const reason = toAdminError(error, doing);
    if (reason.status === 409 && step.kind === 'create') return;
    throw reason;
  }
}

type ActionOf<T extends Step['action']['type']> = Extract<Step['action'], { type: T }>;

/** Does it, and says of an error what it is. */
export async function doAction(api: AdminClient, goal: StepTarget, action: Step['action']): Promise<void> {
  const { realm } = goal;
  switch (action.type) {
    case 'create-realm':
      return createRealm(api, action.realm);
    case 'update-realm':
      return api.realms.update({ realm }, action.patch);
    case 'create-realm-role':
      await api.roles.create({ realm, name: action.name });
      return;
    case 'create-client-role':
      await api.clients.createRole({
        realm,
        id: await clientId(api, { ...goal, clientId: action.client ?? goal.clientId }),
        name: action.name,
      });
      return;
    case 'create-group':
      return createGroup(api, realm, action.path);
    case 'create-client':
      await api.clients.create({ realm, ...action.client });
      return;
    case 'update-client':
      return updateClient(api, { ...goal, clientId: action.client }, action);
    case 'add-scope':
      return addScope(api, { ...goal, clientId: action.client ?? goal.clientId }, action);
    case 'create-scope':
      await api.clientScopes.create({ realm, ...action.scope });
      return;
    case 'create-organization':
      await api.organizations.create({ realm, ...action.organization });
      return;
    case 'update-organization':
      return api.organizations.updateById({ realm, id: action.organization.id ?? '' }, action.organization);
    case 'add-member': {
      const list = await api.organizations.find({ realm, search: action.alias });
      const orgId = found(
        list.find(({ alias, name }) => (alias ?? name) === action.alias),
        action.alias,
      ).id as string;
      await api.organizations.addMember({ realm, orgId, userId: await userId(api, goal) });
      return;
    }
    case 'create-provider': {
      const { alias, issuer } = action;
      const provider = { alias, providerId: 'kubernetes', enabled: true, config: { issuer } };
      await api.identityProviders.create({ realm, ...provider });
      return;
    }
    case 'put-mapper':
      return putMapper(api, { ...goal, clientId: action.client ?? goal.clientId }, action.mapper);
    case 'create-user':
      await api.users.create({ realm, ...action.user });
      return;
    case 'update-user':
      return updateUser(api, goal, action);
    case 'set-password': {
      const credential = { type: 'password', value: action.password, temporary: false };
      return api.users.resetPassword({ realm, id: await userId(api, goal), credential });
    }
    case 'grant-roles':
      return grantRoles(api, goal, action);
    case 'join-group': {
      const group = await findGroup(api, realm, action.path);
      await api.users.addToGroup({
        realm,
        id: await userId(api, goal),
        groupId: found(group, action.path).id,
      });
      return;
    }
  }
}

/** A new realm needs keys, clients and roles: most of a minute on a machine that is busy. */
const REALM_TIMEOUT_MS = 120_000;

async function createRealm(api: AdminClient, realm: object): Promise<void> {
  const { timeout = REALM_TIMEOUT_MS } = api;
  api.timeout = Math.max(timeout, REALM_TIMEOUT_MS);
  try {
    await api.realms.create(realm);
  } finally {
    api.timeout = timeout;
  }
}

async function createGroup(api: AdminClient, realm: string, path: string): Promise<void> {
  const parts = path.split('/').filter(Boolean);
  const name = parts.at(-1) as string;
  if (parts.length === 1) {
    await api.groups.create({ realm, name });
    return;
  }
  const parent = `/${parts.slice(0, -1).join('/')}`;
  const { id } = found(await findGroup(api, realm, parent), parent);
  await api.groups.createChildGroup({ realm, id }, { name });
}

/** Changes some settings of a client, and keeps all others. */
export async function updateClient(
  api: AdminClient,
  goal: StepTarget,
  action: Pick<ActionOf<'update-client'>, 'patch' | 'attributes'>,
): Promise<void> {
  const id = await clientId(api, goal);
  // Keycloak takes the attributes it is sent for the whole list.
  const client = found((await api.clients.findOne({ realm: goal.realm, id })) ?? undefined, goal.clientId);
  const attributes = { ...client.attributes, ...action.attributes };
  await api.clients.update({ realm: goal.realm, id }, { ...client, ...action.patch, attributes });
}

/** Gives the client a client scope. */
async function addScope(
  api: AdminClient,
  goal: StepTarget,
  { scope, how }: ActionOf<'add-scope'>,
): Promise<void> {
  const { realm } = goal;
  const id = await clientId(api, goal);
  const there = (await api.clientScopes.find({ realm })).find(({ name }) => name === scope);
  const target = { realm, id, clientScopeId: found(there, scope).id as string };
  if (how === 'optional') return api.clients.addOptionalClientScope(target);
  const client = await api.clients.findOne({ realm, id });
  // A scope that is optional must leave that list first, or it stays there.
  if (client?.optionalClientScopes?.includes(scope)) await api.clients.delOptionalClientScope(target);
  return api.clients.addDefaultClientScope(target);
}

/** Adds a mapper to the client, or brings the one of that name to it. */
async function putMapper(
  api: AdminClient,
  goal: StepTarget,
  mapper: ActionOf<'put-mapper'>['mapper'],
): Promise<void> {
  const { realm } = goal;
  const id = await clientId(api, goal);
  const there = (await api.clients.listProtocolMappers({ realm, id })).find(
    (one) => one.name === mapper.name,
  );
  if (there?.id) {
    await api.clients.updateProtocolMapper({ realm, id, mapperId: there.id }, { ...mapper, id: there.id });
  } else {
    await api.clients.addProtocolMapper({ realm, id }, mapper);
  }
}

async function updateUser(
  api: AdminClient,
  goal: StepTarget,
  action: ActionOf<'update-user'>,
): Promise<void> {
  const { realm } = goal;
  const id = await userId(api, goal);
  const user = found(await api.users.findOne({ realm, id }), 'user');
  const attributes = { ...user.attributes, ...action.attributes };
  await api.users.update({ realm, id }, { ...user, ...action.patch, attributes });
}

async function grantRoles(
  api: AdminClient,
  goal: StepTarget,
  action: ActionOf<'grant-roles'>,
): Promise<void> {
  const { realm } = goal;
  const id = await userId(api, goal);
  const named = (role: { id?: string; name?: string } | null | undefined, name: string) => {
    const { id: roleId } = found(role ?? undefined, name);
    return { id: roleId as string, name };
  };
  if (action.realmRoles.length > 0) {
    const roles = await Promise.all(
      action.realmRoles.map(async (name) => named(await api.roles.findOneByName({ realm, name }), name)),
    );
    await api.users.addRealmRoleMappings({ realm, id, roles });
  }
  if (action.clientRoles.length > 0) {
    const client = await clientId(api, goal);
    const roles = await Promise.all(
      action.clientRoles.map(async (roleName) =>
        named(await api.clients.findRole({ realm, id: client, roleName }), roleName),
      ),
    );
    await api.users.addClientRoleMappings({ realm, id, clientUniqueId: client, roles });
  }
}

async function clientId(api: AdminClient, { realm, clientId: name }: StepTarget): Promise<string> {
  const list = await api.clients.find({ realm, clientId: name });
  return found(
    list.find((one) => one.clientId === name),
    name,
  ).id as string;
}

async function userId(api: AdminClient, goal: StepTarget): Promise<string> {
  const name = goal.user?.username ?? '';
  return found(await findUser(api, goal.realm, name), name).id as string;
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined)
    throw new AdminError('missing', 404, `'${name}' is gone: somebody else is changing this realm`);
  return value;
}
