import type AdminClient from '@keycloak/keycloak-admin-client';
import { AdminError, trying } from '../admin-error.ts';
import { findClient } from '../look-up.ts';
import { type AuthzModel, type Item, namesIn, POLICY_TYPES, type Section, toItem } from './model.ts';
import { type KeycloakPolicy, toPolicyItem } from './policy-form.ts';

/** What Keycloak has. */
export interface AuthzState {
  readonly realm: string;
  readonly clientId: string;
  readonly clientUuid: string;
  /** Authorization services are on. */
  readonly isOn: boolean;
  /** They cannot be switched on: a public client has no secret to ask with. */
  readonly isPublic: boolean;
  readonly model: AuthzModel;
  /** Ids by name. Policies and permissions have one space of names in Keycloak. */
  readonly ids: Readonly<Record<'scopes' | 'resources' | 'policies', Map<string, string>>>;
  /** Policies and permissions that no file can hold, such as scripts: left alone. With their types. */
  readonly foreign: ReadonlyMap<string, string>;
  /** Scopes of what users own. */
  readonly scopesOfUsers: ReadonlySet<string>;
}

const ALL = { first: 0, max: -1 };

/**
 * Reads the authorization services of a client.
 *
 * @throws {AdminError} when the client does not exist, or Keycloak does not answer or refuses
 */
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

/** The state before the client exists. */
export function noAuthz(realm: string, clientId: string): AuthzState {
  return { realm, clientId, clientUuid: '', isPublic: false, isOn: false, ...NOTHING() };
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
  const owned = resources.filter(({ owner }) => (owner as { id?: string } | undefined)?.id === id);
  const ofUsers = resources.filter((one) => !owned.includes(one));
  const lists: Record<Section, Map<string, Item>> = NOTHING().model.lists as never;
  for (const one of scopes) lists.scopes.set(one.name ?? '', toItem('scopes', one as object as Item));
  for (const one of owned) {
    const raw = one as object as Record<string, unknown>;
    const names = (one.scopes ?? []).map(({ name }) => name);
    const item = toItem('resources', { ...raw, scopes: names, iconUri: raw.icon_uri });
    lists.resources.set(item.name, item);
  }
  const foreign = new Map<string, string>();
  for (const one of (settings.policies ?? []) as KeycloakPolicy[]) {
    const section = one.type === 'resource' || one.type === 'scope' ? 'permissions' : 'policies';
    const item = toPolicyItem(section, one);
    const isKnown =
      section === 'policies'
        ? POLICY_TYPES.includes(one.type)
        : namesIn(item, 'resources').every((name) => lists.resources.has(name));
    if (isKnown) lists[section].set(item.name, item);
    else if (one.type !== 'uma') foreign.set(one.name, one.type);
  }
  const { policyEnforcementMode, decisionStrategy, allowRemoteResourceManagement } = settings;
  const byName = (all: readonly { name?: string; id?: string; _id?: string }[]) =>
    new Map(all.map((one) => [one.name ?? '', one.id ?? one._id ?? '']));
  return {
    model: {
      switches: {
        policyEnforcementMode,
        decisionStrategy,
        allowRemoteResourceManagement,
      } as AuthzModel['switches'],
      lists,
    },
    ids: {
      scopes: byName(scopes),
      resources: byName(owned as { name?: string; _id?: string }[]),
      policies: byName(policies === '' ? [] : policies),
    },
    foreign,
    scopesOfUsers: new Set(ofUsers.flatMap((one) => (one.scopes ?? []).map(({ name }) => name ?? ''))),
  };
}
