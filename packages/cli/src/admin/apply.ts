import type AdminClient from '@keycloak/keycloak-admin-client';
import { gone, mustExist, toAdminError } from './admin-error.ts';
import { findClient, findGroup, splitGroupPath } from './connection.ts';
import { toProvider } from './credential.ts';
import type { UserGoal } from './goal.ts';
import { policyIn, readDocuments, readRegistrationPolicies, withDocuments } from './mcp/current.ts';
import type { Action, ActionOf, Step } from './plan/step.ts';
import { type InRealm, ORGANIZATION_ACTIONS, userIdOf } from './tenant/organization.ts';

const MCP_ACTIONS = {
  async 'set-scope-attributes'(at: InRealm, action: ActionOf<'set-scope-attributes'>) {
    const scope = await scopeOf(at, action.scope);
    const attributes = { ...scope.attributes, 'include.in.token.scope': 'true' };
    return at.api.clientScopes.update({ realm: at.realm, id: scope.id }, { ...scope, attributes });
  },
  async 'add-scope-mapper'(at: InRealm, { scope, mapper }: ActionOf<'add-scope-mapper'>) {
    const { id } = await scopeOf(at, scope);
    return at.api.clientScopes.addProtocolMapper({ realm: at.realm, id }, mapper);
  },
  async 'set-scope-mapper'(at: InRealm, { scope, mapper }: ActionOf<'set-scope-mapper'>) {
    const { id, protocolMappers = [] } = await scopeOf(at, scope);
    const own = protocolMappers.find((one) => one.protocolMapper === mapper.protocolMapper);
    const there = mustExist(own, `mapper of ${scope}`);
    const target = { realm: at.realm, id, mapperId: there.id as string };
    const config = { ...there.config, ...mapper.config };
    return at.api.clientScopes.updateProtocolMapper(target, { ...there, config });
  },
  async 'offer-scope'(at: InRealm, { scope }: ActionOf<'offer-scope'>) {
    const { id } = await scopeOf(at, scope);
    return at.api.clientScopes.addDefaultOptionalClientScope({ realm: at.realm, id });
  },
  'trust-hosts': (at: InRealm, { hosts }: ActionOf<'trust-hosts'>) =>
    extend(at, 'trusted-hosts', 'trusted-hosts', hosts),
  'allow-origins': (at: InRealm, { origins }: ActionOf<'allow-origins'>) =>
    extend(at, 'registration-web-origins', 'web-origins', origins),
  async 'take-documents'({ api, realm }: InRealm, { policy }: ActionOf<'take-documents'>) {
    const there = await readDocuments(api, realm);
    // Writing replaces the profiles and policies of the realm, which are not known here.
    if (!there.isOffered) throw gone('the support of metadata documents');
    const { profiles, policies } = withDocuments(there, policy);
    await api.clientPolicies.createProfiles({ realm, profiles });
    return api.clientPolicies.updatePolicy({ realm, policies });
  },
};

async function extend({ api, realm }: InRealm, policy: string, list: string, values: readonly string[]) {
  const there = mustExist(policyIn(await readRegistrationPolicies(api, realm), policy), policy);
  const all = [...new Set([...(there.config?.[list] ?? []), ...values])];
  const id = there.id as string;
  return api.components.update({ realm, id }, { ...there, config: { ...there.config, [list]: all } });
}

async function scopeOf({ api, realm }: InRealm, scopeName: string) {
  const all = await api.clientScopes.find({ realm });
  const scope = mustExist(
    all.find(({ name }) => name === scopeName),
    scopeName,
  );
  return { ...scope, id: scope.id as string };
}

export interface StepTarget {
  readonly realm: string;
  readonly clientId: string;
  readonly user?: Pick<UserGoal, 'username'> | undefined;
}

/**
 * Does one step. Every id is looked up now, and a thing that was created in the meantime counts as done: so a run can be
 * repeated from any point.
 */
export async function applyStep(api: AdminClient, target: StepTarget, step: Step): Promise<void> {
  const { action } = step;
  const ownClient = ('client' in action && typeof action.client === 'string' && action.client) || undefined;
  const at = { api, ...target, clientId: ownClient ?? target.clientId };
  try {
    await ACTIONS[action.type](at, action as never);
  } catch (error) {
    const reason = toAdminError(error, `${step.kind} the ${step.subject}`);
    if (reason.status !== 409 || step.kind !== 'create') throw reason;
  }
}

interface At extends StepTarget {
  readonly api: AdminClient;
}

const ACTIONS: { readonly [T in Action['type']]: (at: At, action: ActionOf<T>) => Promise<unknown> } = {
  'create-realm': ({ api }, { realm }) => createRealm(api, realm),
  async 'update-realm'({ api, realm }, { patch, attributes }) {
    if (attributes === undefined) return api.realms.update({ realm }, patch);
    // Keycloak replaces all attributes by those that it is sent.
    const there = await api.realms.findOne({ realm });
    return api.realms.update({ realm }, { ...patch, attributes: { ...there?.attributes, ...attributes } });
  },
  'create-realm-role': ({ api, realm }, { name }) => api.roles.create({ realm, name }),
  'create-client-role': async (at, { name }) =>
    at.api.clients.createRole({ realm: at.realm, id: await clientId(at), name }),
  'create-group': createGroup,
  'create-client': ({ api, realm }, { client }) => api.clients.create({ ...client, realm }),
  'update-client': updateClient,
  'add-scope': addScope,
  'create-scope': ({ api, realm }, { scope }) => api.clientScopes.create({ ...scope, realm }),
  'create-provider': ({ api, realm }, action) =>
    api.identityProviders.create({ ...toProvider(action), realm }),
  'put-mapper': putMapper,
  'create-user': ({ api, realm }, { user }) => api.users.create({ ...user, realm }),
  'update-user': updateUser,
  'set-password': async (at, { password: value }) =>
    at.api.users.resetPassword({
      ...{ realm: at.realm, id: await userId(at) },
      credential: { type: 'password', value, temporary: false },
    }),
  'grant-roles': grantRoles,
  async 'grant-service-role'(at, { of, role: roleName }) {
    const { api, realm } = at;
    const account = await api.clients.getServiceAccountUser({ realm, id: await clientId(at) });
    const clientUniqueId = await clientId({ ...at, clientId: of });
    const role = mustExist(await api.clients.findRole({ realm, id: clientUniqueId, roleName }), roleName);
    const roles = [{ id: role.id as string, name: roleName }];
    await api.users.addClientRoleMappings({ realm, id: account.id as string, clientUniqueId, roles });
  },
  async 'join-group'(at, { path }) {
    const group = mustExist(await findGroup(at.api, at.realm, path), path);
    await at.api.users.addToGroup({ realm: at.realm, id: await userId(at), groupId: group.id });
  },
  ...MCP_ACTIONS,
  ...ORGANIZATION_ACTIONS,
};

/** A new realm needs keys, clients and roles: most of a minute on a busy machine. */
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

async function createGroup({ api, realm }: At, { path }: ActionOf<'create-group'>): Promise<unknown> {
  const { parent, name } = splitGroupPath(path);
  if (parent === '') return api.groups.create({ realm, name });
  const { id } = mustExist(await findGroup(api, realm, parent), parent);
  return api.groups.createChildGroup({ realm, id }, { name });
}

async function updateClient(at: At, { patch, attributes }: ActionOf<'update-client'>): Promise<void> {
  const { api, realm } = at;
  const id = await clientId(at);
  // Keycloak replaces all attributes by those that it is sent.
  const there = mustExist(await api.clients.findOne({ realm, id }), at.clientId);
  const whole = { ...there, ...patch, attributes: { ...there.attributes, ...attributes } };
  await api.clients.update({ realm, id }, whole);
}

async function addScope(at: At, { scope, how }: ActionOf<'add-scope'>): Promise<void> {
  const { api, realm } = at;
  const id = await clientId(at);
  const there = (await api.clientScopes.find({ realm })).find(({ name }) => name === scope);
  const target = { realm, id, clientScopeId: mustExist(there, scope).id as string };
  if (how === 'optional') return api.clients.addOptionalClientScope(target);
  const client = await api.clients.findOne({ realm, id });
  // An optional scope must leave that list first, or it stays there.
  if (client?.optionalClientScopes?.includes(scope)) await api.clients.delOptionalClientScope(target);
  return api.clients.addDefaultClientScope(target);
}

async function putMapper(at: At, { mapper }: ActionOf<'put-mapper'>): Promise<void> {
  const { api, realm } = at;
  const id = await clientId(at);
  const list = await api.clients.listProtocolMappers({ realm, id });
  const mapperId = list.find(({ name }) => name === mapper.name)?.id;
  if (mapperId === undefined) await api.clients.addProtocolMapper({ realm, id }, mapper);
  else await api.clients.updateProtocolMapper({ realm, id, mapperId }, { ...mapper, id: mapperId });
}

async function updateUser(at: At, { patch }: ActionOf<'update-user'>): Promise<void> {
  const { api, realm } = at;
  const id = await userId(at);
  const there = mustExist(await api.users.findOne({ realm, id }), 'user');
  await api.users.update({ realm, id }, { ...there, ...patch });
}

async function grantRoles(at: At, { realmRoles, clientRoles }: ActionOf<'grant-roles'>): Promise<void> {
  const { api, realm } = at;
  const id = await userId(at);
  type Role = { id?: string } | null | undefined;
  const lookUp = (names: readonly string[], find: (name: string) => Promise<Role>) =>
    Promise.all(names.map(async (name) => ({ id: mustExist(await find(name), name).id as string, name })));
  if (realmRoles.length > 0) {
    const roles = await lookUp(realmRoles, (name) => api.roles.findOneByName({ realm, name }));
    await api.users.addRealmRoleMappings({ realm, id, roles });
  }
  if (clientRoles.length > 0) {
    const clientUniqueId = await clientId(at);
    const find = (roleName: string) => api.clients.findRole({ realm, id: clientUniqueId, roleName });
    const roles = await lookUp(clientRoles, find);
    await api.users.addClientRoleMappings({ realm, id, clientUniqueId, roles });
  }
}

async function clientId({ api, realm, clientId: name }: At): Promise<string> {
  return mustExist(await findClient(api, realm, name), name).id as string;
}

const userId = (at: At): Promise<string> => userIdOf(at, at.user?.username ?? '');
