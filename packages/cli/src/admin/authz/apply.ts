import { randomUUID } from 'node:crypto';
import type AdminClient from '@keycloak/keycloak-admin-client';
import { NetworkError } from '@keycloak/keycloak-admin-client/lib/utils/fetchWithError.js';
import { gone, toAdminError } from '../admin-error.ts';
import { type AuthzState, blameVersion, readAuthz, toPolicyBody, toSwitches } from './current.ts';
import { type AuthzModel, type Item, namesIn, permissionType, type Section } from './model.ts';
import { type AuthzStep, DEFAULTS, usesDefaultPolicy } from './plan.ts';

function idOf(state: AuthzState, kind: keyof AuthzState['ids'], name: string): string {
  const id = state.ids[kind].get(name);
  if (id === undefined) throw gone(name, 'client');
  return id;
}

/** A resource, for Keycloak. It has every member, because an omitted one would keep its old value. */
function toResourceBody({ iconUri, ...item }: Item, state: AuthzState): object {
  const scopes = namesIn(item as Item, 'scopes').map((name) => ({ id: idOf(state, 'scopes', name), name }));
  const whole = { uris: [], attributes: {}, ownerManagedAccess: false, ...item, scopes };
  return iconUri === undefined ? whole : { ...whole, icon_uri: iconUri };
}

async function readSwitches(
  api: AdminClient,
  { realm, clientUuid: id }: Pick<AuthzState, 'realm' | 'clientUuid'>,
): Promise<AuthzModel['switches']> {
  return toSwitches(await api.clients.getResourceServer({ realm, id }));
}

/** Larger batches are slower: for each new resource, Keycloak searches all that it has just created. */
const AT_ONCE = 25;

function isNewResource({ kind, action }: AuthzStep): boolean {
  return kind === 'create' && action.type === 'put' && action.section === 'resources';
}

function itemOf({ action }: AuthzStep): Item {
  if (action.type !== 'put') throw new TypeError('makes nothing');
  return action.item;
}

/** Steps in their order: new resources as many as go at once, everything else alone. */
function inBatches(steps: readonly AuthzStep[]): AuthzStep[][] {
  const batches: AuthzStep[][] = [];
  for (const step of steps) {
    const last = batches.at(-1);
    const goesOn = last?.[0] !== undefined && isNewResource(last[0]) && isNewResource(step);
    if (goesOn && last.length < AT_ONCE) last.push(step);
    else batches.push([step]);
  }
  return batches;
}

/**
 * Creates resources with one call: all of them, or none. We choose the ids: so Keycloak finds them faster, and its cache stays
 * right. An import resets omitted switches to their defaults, so it names the current ones.
 */
async function importResources(api: AdminClient, state: AuthzState, items: readonly Item[]): Promise<void> {
  const made = items.map((item) => ({ ...toResourceBody(item, state), _id: randomUUID() }));
  const switches = await readSwitches(api, state);
  await api.clients.importResource({ realm: state.realm, id: state.clientUuid }, {
    ...switches,
    resources: made,
  } as never);
  for (const { _id, name } of made as { _id: string; name: string }[]) state.ids.resources.set(name, _id);
}

/**
 * Does the steps in their order, one object by one call, but for new resources, which come in batches. Keycloak decides by each
 * of them at once. A run that is cut off can be repeated: the next plan begins where it ended.
 *
 * @yields each step that is done
 */
export async function* applyAuthz(
  api: AdminClient,
  steps: readonly AuthzStep[],
  target: AuthzModel,
  start: AuthzState,
): AsyncGenerator<AuthzStep> {
  let state = start;
  for (const batch of inBatches(steps)) {
    const [first] = batch as [AuthzStep];
    try {
      if (first.action.type === 'switch-on') state = await switchOn(api, target, state);
      else if (isNewResource(first)) await importResources(api, state, batch.map(itemOf));
      else await act(api, state, first.action);
    } catch (error) {
      const more = batch.length > 1 ? ` and ${batch.length - 1} more` : '';
      throw toAdminError(error, `${first.kind} the ${first.subject}${more}${blame(first, error)}`);
    }
    yield* batch;
  }
}

function blame({ action }: AuthzStep, error: unknown): string {
  const hasFailed = error instanceof NetworkError && error.response.status === 500;
  return hasFailed && action.type === 'put' ? blameVersion(action.item) : '';
}

type Action = Exclude<AuthzStep['action'], { type: 'switch-on' }>;

async function act(api: AdminClient, state: AuthzState, action: Action): Promise<void> {
  const at = { realm: state.realm, id: state.clientUuid };
  switch (action.type) {
    case 'set-switches':
      return api.clients.updateResourceServer(at, {
        ...(await readSwitches(api, state)),
        ...action.switches,
      } as object);
    case 'put':
      return put(api, state, action);
    case 'delete':
      return remove(api, state, action.section, action.name);
  }
}

/**
 * Up to Keycloak 26.4 three things come with it that let every user in. They are deleted at once, unless the file
 * names them.
 */
async function switchOn(
  api: AdminClient,
  target: AuthzModel,
  { realm, clientId, clientUuid: id }: AuthzState,
) {
  const client = await api.clients.findOne({ realm, id });
  await api.clients.update(
    { realm, id },
    { ...client, serviceAccountsEnabled: true, authorizationServicesEnabled: true },
  );
  const made = await readAuthz(api, realm, clientId);
  for (const [section, name] of DEFAULTS) {
    const isThere = made.model.lists[section].has(name) || made.foreign.has(name);
    const isUsed = section === 'policies' && usesDefaultPolicy(target);
    if (isThere && !isUsed && !target.lists[section].has(name)) await remove(api, made, section, name);
  }
  return made;
}

async function put(
  { clients }: AdminClient,
  state: AuthzState,
  { section, item, before }: Extract<Action, { type: 'put' }>,
): Promise<void> {
  const at = { realm: state.realm, id: state.clientUuid };
  if (section === 'resources') {
    const resourceId = idOf(state, section, item.name);
    return clients.updateResource({ ...at, resourceId }, { ...toResourceBody(item, state), _id: resourceId });
  }
  const known = state.ids[section === 'permissions' ? 'policies' : section];
  const id = known.get(item.name);
  const body: object =
    section === 'scopes' ? item : { ...toPolicyBody(item, before), ...toIds(section, item, state) };
  const type = section === 'policies' ? String(item.type) : permissionType(item);
  if (id === undefined) {
    const made: { id?: string } =
      section === 'scopes'
        ? await clients.createAuthorizationScope(at, body)
        : section === 'policies'
          ? await clients.createPolicy({ ...at, type }, body)
          : await clients.createPermission({ ...at, type }, body);
    known.set(item.name, made.id ?? '');
  } else if (section === 'scopes')
    await clients.updateAuthorizationScope({ ...at, scopeId: id }, { ...body, id });
  else if (section === 'policies') await clients.updatePolicy({ ...at, type, policyId: id }, { ...body, id });
  else await clients.updatePermission({ ...at, type, permissionId: id }, { ...body, id });
}

/** By id: a name could be the name of what a user has registered. */
function toIds(section: Section, item: Item, state: AuthzState): object {
  const all = (kind: keyof AuthzState['ids']) => namesIn(item, kind).map((name) => idOf(state, kind, name));
  if (section === 'permissions')
    return { resources: all('resources'), scopes: all('scopes'), policies: all('policies') };
  return item.type === 'aggregate' ? { policies: all('policies') } : {};
}

async function remove(api: AdminClient, state: AuthzState, section: Section, name: string): Promise<void> {
  const at = { realm: state.realm, id: state.clientUuid };
  const kind = section === 'permissions' ? 'policies' : section;
  const id = idOf(state, kind, name);
  if (section === 'scopes') await api.clients.delAuthorizationScope({ ...at, scopeId: id });
  else if (section === 'resources') await api.clients.delResource({ ...at, resourceId: id });
  else await api.clients.delPolicy({ ...at, policyId: id });
  state.ids[kind].delete(name);
}
