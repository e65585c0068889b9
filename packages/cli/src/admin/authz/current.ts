import type AdminClient from '@keycloak/keycloak-admin-client';
import type PolicyRepresentation from '@keycloak/keycloak-admin-client/lib/defs/policyRepresentation.js';
import type ResourceServerRepresentation from '@keycloak/keycloak-admin-client/lib/defs/resourceServerRepresentation.js';
import { AdminError, trying } from '../admin-error.ts';
import { findClient } from '../connection.ts';
import { type AuthzModel, type Item, namesIn, POLICY_TYPES, type Section, toItem } from './model.ts';

type Entry = { id?: string; path?: string; required?: boolean; extendChildren?: boolean };

function toPolicyItem(section: Section, policy: PolicyRepresentation): Item {
  const { name, type = '', description, logic, decisionStrategy, config = {} } = policy;
  const list = <T>(member: string): T[] => JSON.parse(config[member] ?? '[]') as T[];
  const needed = (member: string) =>
    list<Entry>(member).map(({ id, required }) => ({ name: id, required: required ?? false }));
  const isOn = (member: string) => config[member] === 'true';
  const about = { name, description, logic, decisionStrategy };
  if (section === 'permissions') {
    const names = { resources: list('resources'), scopes: list('scopes'), policies: list('applyPolicies') };
    return toItem('permissions', { ...about, ...names, resourceType: config.defaultResourceType });
  }
  const read: Record<string, () => object> = {
    role: () => ({ roles: needed('roles'), fetchRoles: isOn('fetchRoles') }),
    group: () => ({
      groups: list<Entry>('groups').map(({ path, extendChildren }) => ({
        path,
        extendChildren: extendChildren ?? false,
      })),
      groupsClaim: config.groupsClaim,
    }),
    user: () => ({ users: list('users') }),
    client: () => ({ clients: list('clients') }),
    'client-scope': () => ({ clientScopes: needed('clientScopes') }),
    regex: () => ({ ...config, targetContextAttributes: isOn('targetContextAttributes') }),
    time: () => toTimes(config),
    aggregate: () => ({ policies: list('applyPolicies') }),
  };
  return toItem('policies', { ...about, type, ...read[type]?.() });
}

function toTimes({ nbf, noa, ...others }: Readonly<Record<string, string>>): object {
  const numbers = Object.entries(others).map(([name, value]) => [name, Number(value)]);
  return { notBefore: nbf, notOnOrAfter: noa, ...Object.fromEntries(numbers) };
}

/**
 * Writes one for Keycloak's endpoint of its type. It has every member, because an omitted one would keep its old value.
 *
 * @param before Keycloak's current one
 */
export function toPolicyBody(item: Item, before: Item | undefined): Record<string, unknown> {
  const { logic = 'POSITIVE', decisionStrategy = 'UNANIMOUS', description = '' } = item;
  const body: Record<string, unknown> = { ...item, logic, decisionStrategy, description };
  const needed = (member: string) =>
    (item[member] as (string | { name: string })[]).map((one) =>
      typeof one === 'string' ? { id: one, required: false } : { id: one.name, required: true },
    );
  if (item.type === 'role') body.roles = needed('roles');
  for (const [member] of NEWER) {
    // An older Keycloak refuses the member, even `false`.
    if (before?.[member] === true) body[member] = item[member] ?? false;
  }
  if (item.type === 'client-scope') body.clientScopes = needed('clientScopes');
  if (item.type === 'group') {
    body.groupsClaim = item.groupsClaim ?? '';
    body.groups = (item.groups as (string | object)[]).map((one) =>
      typeof one === 'string' ? { path: one, extendChildren: false } : one,
    );
  }
  return body;
}

/** Members for which older Keycloaks answer 500, and the first version that knows them. */
const NEWER = [
  ['fetchRoles', '26'],
  ['targetContextAttributes', '24'],
] as const;

/** A likely reason why Keycloak fails at a policy; else nothing. */
export function blameVersion(item: Item): string {
  return NEWER.flatMap(([member, version]) =>
    item[member] === undefined ? [] : [` (Keycloak before ${version} does not know ${member})`],
  ).join('');
}

/** The authorization services of a client, as Keycloak has them. */
export interface AuthzState {
  readonly realm: string;
  readonly clientId: string;
  readonly clientUuid: string;
  readonly isOn: boolean;
  /** They cannot be switched on: a public client has no secret to ask with. */
  readonly isPublic: boolean;
  readonly model: AuthzModel;
  /** Ids by name. Policies and permissions have one space of names in Keycloak. */
  readonly ids: Readonly<Record<'scopes' | 'resources' | 'policies', Map<string, string>>>;
  /** Policies and permissions that no file can hold, such as scripts: left alone. With their types. */
  readonly foreign: ReadonlyMap<string, string>;
  readonly scopesOfUsers: ReadonlySet<string>;
}

const ALL = { first: 0, max: -1 };

/** Reads the authorization services of a client. */
export async function readAuthz(api: AdminClient, realm: string, clientId: string): Promise<AuthzState> {
  return trying(`see the authorization services of the client ${clientId}`, async () => {
    const client = await findClient(api, realm, clientId);
    if (client?.id === undefined)
      throw new AdminError(
        'missing',
        404,
        `There is no client '${clientId}' in the realm '${realm}': run setup first`,
      );
    const about = { realm, clientId, clientUuid: client.id, isPublic: client.publicClient === true };
    if (client.authorizationServicesEnabled !== true) return { ...about, isOn: false, ...NOTHING() };
    return { ...about, isOn: true, ...(await readLists(api, realm, client.id)) };
  });
}

export function noAuthz(realm: string, clientId: string): AuthzState {
  return { realm, clientId, clientUuid: '', isPublic: false, isOn: false, ...NOTHING() };
}

/** The switches among the settings of the services. */
export function toSwitches(settings: ResourceServerRepresentation): AuthzModel['switches'] {
  const { policyEnforcementMode, decisionStrategy, allowRemoteResourceManagement } = settings;
  return { policyEnforcementMode, decisionStrategy, allowRemoteResourceManagement } as AuthzModel['switches'];
}

type Lists = Pick<AuthzState, 'model' | 'ids' | 'foreign' | 'scopesOfUsers'>;

const NOTHING = (): Lists => ({
  model: {
    switches: {},
    lists: { scopes: new Map(), resources: new Map(), policies: new Map(), permissions: new Map() },
  },
  ids: { scopes: new Map(), resources: new Map(), policies: new Map() },
  foreign: new Map(),
  scopesOfUsers: new Set(),
});

async function readLists(api: AdminClient, realm: string, id: string): Promise<Lists> {
  const [settings, resources, scopes, policies] = await Promise.all([
    // Here alone roles, users and groups have names; in the lists they have ids.
    api.clients.exportResource({ realm, id }),
    api.clients.listResources({ realm, id, ...ALL }),
    api.clients.listAllScopes({ realm, id, ...ALL } as { realm: string; id: string }),
    api.clients.listPolicies({ realm, id, ...ALL }),
  ]);
  // A user may have registered one of the same name: the API's own is meant.
  const owned = resources.filter(({ owner }) => owner?.id === id);
  const ofUsers = resources.filter((one) => !owned.includes(one));
  const lists: Record<Section, Map<string, Item>> = NOTHING().model.lists as never;
  for (const one of scopes) lists.scopes.set(one.name ?? '', toItem('scopes', one as object as Item));
  for (const one of owned) {
    const names = (one.scopes ?? []).map(({ name }) => name);
    const item = toItem('resources', { ...one, scopes: names, iconUri: one.icon_uri });
    lists.resources.set(item.name, item);
  }
  const foreign = new Map<string, string>();
  for (const one of settings.policies ?? []) {
    const { name = '', type = '' } = one;
    const section = type === 'resource' || type === 'scope' ? 'permissions' : 'policies';
    const item = toPolicyItem(section, one);
    const isKnown =
      section === 'policies'
        ? POLICY_TYPES.includes(type)
        : namesIn(item, 'resources').every((resource) => lists.resources.has(resource));
    if (isKnown) lists[section].set(item.name, item);
    else if (type !== 'uma') foreign.set(name, type);
  }
  const byName = (all: readonly { name?: string; id?: string; _id?: string }[]) =>
    new Map(all.map((one) => [one.name ?? '', one.id ?? one._id ?? '']));
  return {
    model: { switches: toSwitches(settings), lists },
    ids: {
      scopes: byName(scopes),
      resources: byName(owned),
      policies: byName(policies === '' ? [] : policies),
    },
    foreign,
    scopesOfUsers: new Set(ofUsers.flatMap((one) => (one.scopes ?? []).map(({ name }) => name ?? ''))),
  };
}
