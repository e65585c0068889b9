import { parentsOf, type RequestedPermission } from '../authz/evaluation.ts';
import type { Resource, ResourceServer } from '../authz/model.ts';
import type { Subject } from '../authz/policies.ts';
import { Fault } from '../fault.ts';
import type { PermissionText } from './permission-request.ts';

interface Resolution {
  readonly server: ResourceServer;
  readonly subject: Subject;
  /** The form's field `scope`, which is added to every question. */
  readonly moreScopes: readonly string[];
  readonly limit: number;
}

type Requests = Map<string, RequestedPermission>;

/**
 * Finds what is asked for. Unknown scopes are ignored if another one is known.
 *
 * @throws {Fault} 400 `invalid_scope` if no scope is known, `invalid_resource` if nothing is found
 */
export function resolvePermissions(permissions: readonly PermissionText[], context: Resolution): Requests {
  const requests: Requests = new Map();
  for (const { resource, scopes } of permissions) {
    if (requests.size >= context.limit) break;
    const knownNames = knownScopes(context, scopes);
    if (resource === undefined) addByScopes(requests, context, knownNames);
    else addByResource(requests, context, resource, knownNames);
  }
  return requests;
}

/** Everything: what the client owns, what the subject owns, and what others shared with it. */
export function resolveAll({ server, subject, limit }: Resolution): RequestedPermission[] {
  const all = [...server.resources.values()];
  const of = (ownerId: string) => all.filter((one) => one.ownerId === ownerId);
  const owned = [...of(server.clientId), ...(subject.id === server.clientId ? [] : of(subject.id))];
  const requests = owned
    .slice(0, Math.max(limit, 0))
    .map((resource) => ({ resource, scopes: scopesOf(server, resource, []) }));
  return [...requests, ...sharedWith(server, subject, limit - owned.length)];
}

/** The asked scopes of a resource, or all if none is named. A user's resource also has the scopes of its type. */
function scopesOf(server: ResourceServer, resource: Resource, names: readonly string[]): string[] {
  const inherited = parentsOf(server, resource).flatMap(({ scopes }) => scopes);
  const all = [...new Set([...resource.scopes, ...inherited])];
  return names.length === 0 ? all : all.filter((one) => names.includes(one));
}

function knownScopes({ server, moreScopes }: Resolution, scopes: readonly string[]): string[] {
  const all = [...new Set([...scopes, ...moreScopes])];
  const known = all.filter((one) => server.scopes.has(one));
  if (all.length > 0 && known.length === 0)
    throw new Fault(400, 'invalid_scope', `One of the given scopes [${all.join(', ')}] is invalid`);
  return known;
}

function addByScopes(requests: Requests, { server, limit }: Resolution, names: readonly string[]): void {
  const having = [...server.resources.values()].filter(({ scopes }) =>
    scopes.some((one) => names.includes(one)),
  );
  for (const resource of having) {
    if (requests.size >= limit) return;
    const known = requests.get(resource.id);
    const scopes = known === undefined ? scopesOf(server, resource, names) : [...known.scopes, ...names];
    requests.set(resource.id, { resource, scopes: [...new Set(scopes)] });
  }
  if (having.length > 0) return;
  for (const scope of names) {
    if (requests.size >= limit) return;
    if (!requests.has(scope)) requests.set(scope, { resource: undefined, scopes: [scope] });
  }
}

const BY_TYPE = /^resource-type(?:-(any|instance|owner))?:(.*)$/s;

function addByResource(
  requests: Requests,
  context: Resolution,
  idOrName: string,
  scopes: readonly string[],
): void {
  const { server, subject } = context;
  // Keycloak reads a text with a hyphen as an id, and only if there is none as a name.
  const byId = idOrName.includes('-') ? server.resources.get(idOrName) : undefined;
  if (byId !== undefined) return void add(requests, server, byId, scopes);
  const [isType, which, type] = BY_TYPE.exec(idOrName) ?? [];
  if (isType !== undefined) {
    const isEligible = ({ ownerId }: Resource) => {
      if (which === 'any') return true;
      if (which === 'instance') return ownerId !== server.clientId;
      return ownerId === (which === 'owner' ? subject.id : server.clientId);
    };
    for (const one of server.resources.values()) {
      if (one.type === type && isEligible(one)) add(requests, server, one, scopes);
    }
    return;
  }
  const byName = (ownerId: string) =>
    [...server.resources.values()].find((one) => one.name === idOrName && one.ownerId === ownerId);
  const own = byName(subject.id);
  if (own !== undefined) add(requests, server, own, scopes);
  if (subject.isServiceAccount && subject.id === server.clientId) return;
  const left = addShared(requests, context, idOrName, scopes) ?? scopes;
  const servers = byName(server.clientId);
  if (servers !== undefined) add(requests, server, servers, left);
  if (requests.size === 0)
    throw new Fault(400, 'invalid_resource', `Resource with id [${idOrName}] does not exist.`);
}

function add(requests: Requests, server: ResourceServer, resource: Resource, names: readonly string[]): void {
  if (requests.has(resource.id)) return;
  const scopes = scopesOf(server, resource, names);
  if (names.length === 0 || scopes.length > 0) requests.set(resource.id, { resource, scopes });
}

/** Adds what others shared, which needs no decision. Returns the shared scopes. */
function addShared(
  requests: Requests,
  { server, subject }: Resolution,
  idOrName: string,
  names: readonly string[],
): readonly string[] | undefined {
  const shares = [...server.tickets.values()].filter(
    ({ isGranted, requesterId, resourceId }) =>
      isGranted && requesterId === subject.id && server.resources.get(resourceId)?.name === idOrName,
  );
  const resource = server.resources.get(shares[0]?.resourceId ?? '');
  if (resource === undefined) return undefined;
  const shared = shares.map(({ scope }) => scope);
  const sharedScopes = names.filter((one) => shared.includes(one));
  add(requests, server, resource, sharedScopes);
  const known = requests.get(resource.id);
  if (known !== undefined) {
    const scopes = known.scopes.filter((one) => shared.includes(one));
    requests.set(resource.id, { resource, scopes, isGranted: true });
  }
  return sharedScopes;
}

function sharedWith(server: ResourceServer, subject: Subject, limit: number): RequestedPermission[] {
  const shared = new Map<string, string[]>();
  for (const { isGranted, requesterId, resourceId, scope } of server.tickets.values()) {
    if (!isGranted || requesterId !== subject.id) continue;
    if (!shared.has(resourceId) && shared.size >= limit) break;
    shared.set(resourceId, [...(shared.get(resourceId) ?? []), ...(scope === undefined ? [] : [scope])]);
  }
  return [...shared].map(([id, scopes]) => ({
    resource: server.resources.get(id),
    scopes,
    isGranted: true,
  }));
}
