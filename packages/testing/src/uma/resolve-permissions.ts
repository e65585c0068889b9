import { type AskedPermission, parentsOf } from '../authz/evaluation.ts';
import type { Resource, ResourceServer } from '../authz/model.ts';
import type { Subject } from '../authz/policies.ts';
import { Fault } from '../fault.ts';
import type { AskedText } from './permission-request.ts';

interface Asking {
  readonly server: ResourceServer;
  readonly subject: Subject;
  /** The form's field `scope`, which is added to every question. */
  readonly moreScopes: readonly string[];
  readonly limit: number;
}

type Found = Map<string, AskedPermission>;

/**
 * Finds what is asked for. Unknown scopes are ignored if another one is known.
 *
 * @throws {Fault} 400 `invalid_scope` if no scope is known, `invalid_resource` if nothing is found
 */
export function resolvePermissions(asked: readonly AskedText[], asking: Asking): Found {
  const found: Found = new Map();
  for (const { resource, scopes } of asked) {
    if (found.size >= asking.limit) break;
    const wanted = knownScopes(asking, scopes);
    if (resource === undefined) addByScopes(found, asking, wanted);
    else addByResource(found, asking, resource, wanted);
  }
  return found;
}

/** Everything: what the client owns, what the subject owns, and what others shared with it. */
export function resolveAll({ server, subject, limit }: Asking): AskedPermission[] {
  const all = [...server.resources.values()];
  const of = (ownerId: string) => all.filter((one) => one.ownerId === ownerId);
  const owned = [...of(server.clientId), ...(subject.id === server.clientId ? [] : of(subject.id))];
  const asked = owned
    .slice(0, Math.max(limit, 0))
    .map((resource) => ({ resource, scopes: scopesOf(server, resource, []) }));
  return [...asked, ...sharedWith(server, subject, limit - owned.length)];
}

/** The asked scopes of a resource, or all if none is named. A user's resource also has the scopes of its type. */
function scopesOf(server: ResourceServer, resource: Resource, wanted: readonly string[]): string[] {
  const inherited = parentsOf(server, resource).flatMap(({ scopes }) => scopes);
  const all = [...new Set([...resource.scopes, ...inherited])];
  return wanted.length === 0 ? all : all.filter((one) => wanted.includes(one));
}

function knownScopes({ server, moreScopes }: Asking, scopes: readonly string[]): string[] {
  const wanted = [...new Set([...scopes, ...moreScopes])];
  const known = wanted.filter((one) => server.scopes.has(one));
  if (wanted.length > 0 && known.length === 0) {
    throw new Fault(400, 'invalid_scope', `One of the given scopes [${wanted.join(', ')}] is invalid`);
  }
  return known;
}

function addByScopes(found: Found, { server, limit }: Asking, wanted: readonly string[]): void {
  const having = [...server.resources.values()].filter(({ scopes }) =>
    scopes.some((one) => wanted.includes(one)),
  );
  for (const resource of having) {
    if (found.size >= limit) return;
    const known = found.get(resource.id);
    const scopes = known === undefined ? scopesOf(server, resource, wanted) : [...known.scopes, ...wanted];
    found.set(resource.id, { resource, scopes: [...new Set(scopes)] });
  }
  if (having.length > 0) return;
  for (const scope of wanted) {
    if (found.size >= limit) return;
    if (!found.has(scope)) found.set(scope, { resource: undefined, scopes: [scope] });
  }
}

const BY_TYPE = /^resource-type(?:-(any|instance|owner))?:(.*)$/s;

function addByResource(found: Found, asking: Asking, named: string, wanted: readonly string[]): void {
  const { server, subject } = asking;
  // Keycloak reads a text with a hyphen as an id, and only if there is none as a name.
  const byId = named.includes('-') ? server.resources.get(named) : undefined;
  if (byId !== undefined) return void add(found, server, byId, wanted);
  const [isType, which, type] = BY_TYPE.exec(named) ?? [];
  if (isType !== undefined) {
    const isMeant = ({ ownerId }: Resource) => {
      if (which === 'any') return true;
      if (which === 'instance') return ownerId !== server.clientId;
      return ownerId === (which === 'owner' ? subject.id : server.clientId);
    };
    for (const one of server.resources.values()) {
      if (one.type === type && isMeant(one)) add(found, server, one, wanted);
    }
    return;
  }
  const byName = (ownerId: string) =>
    [...server.resources.values()].find((one) => one.name === named && one.ownerId === ownerId);
  const own = byName(subject.id);
  if (own !== undefined) add(found, server, own, wanted);
  if (subject.isServiceAccount && subject.id === server.clientId) return;
  const left = addShared(found, asking, named, wanted) ?? wanted;
  const servers = byName(server.clientId);
  if (servers !== undefined) add(found, server, servers, left);
  if (found.size === 0) {
    throw new Fault(400, 'invalid_resource', `Resource with id [${named}] does not exist.`);
  }
}

function add(found: Found, server: ResourceServer, resource: Resource, wanted: readonly string[]): void {
  if (found.has(resource.id)) return;
  const scopes = scopesOf(server, resource, wanted);
  if (wanted.length === 0 || scopes.length > 0) found.set(resource.id, { resource, scopes });
}

/** Adds what others shared, which needs no decision. Returns the shared scopes. */
function addShared(
  found: Found,
  { server, subject }: Asking,
  named: string,
  wanted: readonly string[],
): readonly string[] | undefined {
  const shares = [...server.tickets.values()].filter(
    ({ isGranted, requesterId, resourceId }) =>
      isGranted && requesterId === subject.id && server.resources.get(resourceId)?.name === named,
  );
  const resource = server.resources.get(shares[0]?.resourceId ?? '');
  if (resource === undefined) return undefined;
  const shared = shares.map(({ scope }) => scope);
  const asked = wanted.filter((one) => shared.includes(one));
  add(found, server, resource, asked);
  const known = found.get(resource.id);
  if (known !== undefined) {
    const scopes = known.scopes.filter((one) => shared.includes(one));
    found.set(resource.id, { resource, scopes, isGranted: true });
  }
  return asked;
}

function sharedWith(server: ResourceServer, subject: Subject, limit: number): AskedPermission[] {
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
