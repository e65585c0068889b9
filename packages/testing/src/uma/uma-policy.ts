import { randomUUID } from 'node:crypto';
import type { Policy, Resource, Strategy } from '../authz/model.ts';
import { listOf, WORDS } from '../authz/read-settings.ts';
import { Fault, invalidRequest, unexpected } from '../fault.ts';
import { anything, each, readRepresentation, text, texts, wordOf } from '../http/bodies.ts';
import type { Provider } from '../provider/provider.ts';
import { type ProtectionAnswer, type ProtectionCall, pageOf } from './requester.ts';

const SHAPES = {
  ...each('id name description type owner resourceType condition', text),
  ...each('policies resources scopes roles groups clients users', texts),
  ...each('resourcesData scopesData', anything),
  ...{ logic: wordOf(WORDS.ofPolicy.logic), decisionStrategy: wordOf(WORDS.ofPolicy.decisionStrategy) },
};

/** Kinds of conditions, and how a policy names one. A name under each kind is enough, and every kind must agree. */
const KINDS = {
  users: { type: 'user', toEntry: (name: string): unknown => name },
  roles: { type: 'role', toEntry: (id: string): unknown => ({ id, required: false }) },
  groups: { type: 'group', toEntry: (path: string): unknown => ({ path }) },
  clients: { type: 'client', toEntry: (name: string): unknown => name },
} as const;
type Kind = keyof typeof KINDS;

type Body = Partial<
  Record<'id' | 'name' | 'description' | 'decisionStrategy' | 'condition', string> &
    Record<'scopes' | 'resources' | Kind, readonly string[]>
>;

const readBody = (body: string): Body => readRepresentation(body, 'UmaPermissionRepresentation', SHAPES);

/** Lets an owner grant a resource, which the path names, to others. */
export function createUmaPolicy(call: ProtectionCall): ProtectionAnswer {
  const body = readBody(call.text);
  if (body.id !== undefined) throw invalidRequest('Newly created uma policies should not have an id');
  const resource = requireOwned(call, call.id, body);
  const { policies } = call.caller.server;
  if (body.name === undefined) throw new Fault(409, 'conflict', 'Duplicate resource error');
  if ([...policies.values()].some(({ name }) => name === body.name))
    throw new Fault(409, `Policy with name [${body.name}] already exists`, 'Conflicting policy');
  const policy = put(call, randomUUID(), resource, body);
  return { status: 200, json: describe(call, policy) };
}

export function updateUmaPolicy(call: ProtectionCall): ProtectionAnswer {
  const body = readBody(call.text);
  const before = requirePolicy(call);
  const [resourceId = ''] = before.resources;
  if ((body.resources ?? []).some((one) => one !== resourceId))
    throw invalidRequest('Uma permission resource cannot be changed');
  const resource = requireOwned(call, resourceId, body);
  remove(call, before);
  const after = put(call, before.id, resource, { ...body, name: body.name ?? before.name });
  // Keycloak deletes the policy if none of its former conditions is left, whatever is new.
  const isKept = before.policies.length === 0 || before.policies.some((one) => after.policies.includes(one));
  if (!isKept) remove(call, after);
  return { status: 201 };
}

export function removeUmaPolicy(call: ProtectionCall): ProtectionAnswer {
  const policy = requirePolicy(call);
  requireOwned(call, policy.resources[0] ?? '');
  remove(call, policy);
  return { status: 204 };
}

export function readUmaPolicy(call: ProtectionCall): ProtectionAnswer {
  const policy = requirePolicy(call);
  requireOwned(call, policy.resources[0] ?? '');
  return { status: 200, json: describe(call, policy) };
}

export function listUmaPolicies(call: ProtectionCall): ProtectionAnswer {
  const { caller, query } = call;
  const [name, resource, scope] = ['name', 'resource', 'scope'].map((one) => query.get(one));
  const { resources } = caller.server;
  const policies = [...caller.server.policies.values()].filter(
    (one) =>
      one.type === 'uma' &&
      one.ownerId === caller.id &&
      (!name || one.name.toLowerCase().includes(name.toLowerCase())) &&
      (!resource || one.resources.some((id) => id === resource || resources.get(id)?.name === resource)) &&
      (!scope || one.scopes.includes(scope)),
  );
  return { status: 200, json: pageOf(policies, query).map((one) => describe(call, one)) };
}

function requirePolicy({ caller, id }: ProtectionCall): Policy {
  const policy = caller.server.policies.get(id);
  // Owners cannot touch an administrator's policy, even about their resource.
  if (policy?.type === 'uma') return policy;
  throw new Fault(404, 'invalid_request', `Policy with [${id}] does not exist`);
}

/** @throws {Fault} 400 unless the caller owns the resource, and may share what the body names */
function requireOwned({ caller }: ProtectionCall, id: string, body?: Body): Resource {
  const { server } = caller;
  const resource = server.resources.get(id);
  if (resource === undefined) throw invalidRequest(`Resource [${id}] cannot be found`);
  if (resource.ownerId !== caller.id)
    throw invalidRequest(`Only resource owner can access policies for resource [${id}]`);
  if (!resource.isOwnerManaged)
    throw invalidRequest('Only resources with owner managed accessed can have policies');
  if (!server.allowsManagement) {
    const text = `Remote Resource Management not enabled on resource server [${server.clientId}]`;
    throw new Fault(403, 'request_not_supported', text);
  }
  const scopes = body?.scopes ?? [];
  if (!scopes.every((one) => resource.scopes.includes(one))) {
    const text = `Some of the scopes [[${scopes.join(', ')}]] are not valid for resource [${id}]`;
    throw invalidRequest(text);
  }
  if ((body?.resources ?? []).some((one) => one !== id)) throw invalidRequest('Invalid resource');
  return resource;
}

/** @throws {Fault} 500 for unknown users and clients; unknown roles and groups are ignored */
function put({ provider, caller }: ProtectionCall, id: string, resource: Resource, body: Body): Policy {
  const { realm } = provider;
  if (body.users?.some((one) => (realm.userById(one) ?? realm.userByName(one)) === undefined))
    throw unexpected();
  if (body.clients?.some((one) => realm.client(one) === undefined) || body.condition !== undefined)
    throw unexpected();
  const common = { isNegative: false, resourceType: undefined, ownerId: caller.id } as const;
  const applied = (Object.keys(KINDS) as Kind[]).flatMap((kind): Policy[] => {
    const names = (body[kind] ?? []).filter((one) => exists(provider, kind, one));
    if (names.length === 0) return [];
    const own = `${id} ${kind}`;
    return [
      {
        ...{ ...common, id: own, name: own, type: KINDS[kind].type, strategy: 'UNANIMOUS' },
        ...{
          resources: [],
          scopes: [],
          policies: [],
          config: { [kind]: JSON.stringify(names.map(KINDS[kind].toEntry)) },
        },
      },
    ];
  });
  const policy: Policy = {
    ...{ ...common, id, name: body.name ?? id, type: 'uma', config: {} },
    strategy: (body.decisionStrategy ?? 'UNANIMOUS') as Strategy,
    resources: [resource.id],
    scopes: body.scopes?.length ? body.scopes : resource.scopes,
    policies: applied.map((one) => one.id),
    ...(body.description === undefined ? {} : { description: body.description }),
  };
  for (const one of [...applied, policy]) caller.server.policies.set(one.id, one);
  return policy;
}

function exists({ realm }: Provider, kind: Kind, name: string): boolean {
  if (kind === 'roles') return realm.hasRole(name);
  return kind !== 'groups' || realm.hasGroup(name);
}

function remove({ caller: { server } }: ProtectionCall, policy: Policy): void {
  for (const id of [policy.id, ...policy.policies]) server.policies.delete(id);
}

function describe({ caller: { server }, provider: { realm } }: ProtectionCall, policy: Policy) {
  const { id, name, description, scopes, strategy, ownerId } = policy;
  const config = Object.assign({}, ...policy.policies.map((one) => server.policies.get(one)?.config ?? {}));
  const listed = (key: Kind, read: (value: never) => unknown) => {
    const values = listOf<never>(config, key).map(read);
    return values.length === 0 ? {} : { [key]: values };
  };
  return {
    ...{ id, name, description, type: 'uma', scopes, logic: 'POSITIVE' },
    ...{ decisionStrategy: strategy, owner: ownerId },
    ...listed('roles', ({ id: role }: { id: string }) => role),
    ...listed('groups', ({ path }: { path: string }) => path),
    ...listed('clients', (one: string) => one),
    ...listed('users', (one: string) => realm.userById(one)?.username ?? one),
  };
}
