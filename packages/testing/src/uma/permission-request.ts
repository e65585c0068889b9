import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { parentsOf, type RequestedPermission } from '../authz/evaluation.ts';
import type { Resource, ResourceServer } from '../authz/model.ts';
import type { RequestContext, Subject } from '../authz/policies.ts';
import { Fault, invalidRequest, unexpected } from '../fault.ts';
import type { Provider } from '../provider/provider.ts';
import type { Client } from '../realm/client.ts';
import type { Claims } from '../tokens/issue.ts';

/** A resource by id or name, with scopes. Without a resource: any that has the scopes. */
export interface PermissionText {
  readonly resource: string | undefined;
  readonly scopes: readonly string[];
}

/**
 * Reads the fields `permission` of a form: `resource`, `resource#scope,scope` or `#scope`. Duplicates are merged.
 *
 * @throws {Fault} 500 where Keycloak fails
 */
export function readPermissions(form: URLSearchParams): PermissionText[] {
  const permissions: PermissionText[] = [];
  const add = (resource: string | undefined, scopes: readonly string[]) => {
    const at = resource === undefined ? -1 : permissions.findIndex((one) => one.resource === resource);
    const known = permissions[at];
    if (known === undefined) permissions.push({ resource, scopes });
    else permissions[at] = { resource, scopes: [...new Set([...known.scopes, ...scopes])] };
  };
  for (const text of form.getAll('permission')) {
    const [name, scopeText] = splitAsJava(text, '#');
    if (name === undefined) throw unexpected();
    add(name === '' ? undefined : name, scopeText === undefined ? [] : splitAsJava(scopeText, ','));
  }
  return permissions;
}

/** Java's `split` drops empty parts at the end. */
function splitAsJava(text: string, separator: string): string[] {
  const parts = text.split(separator);
  if (text === '') return parts;
  while (parts.at(-1) === '') parts.pop();
  return parts;
}

/** Claims that a request pushes to the policies. */
export type PushedClaims = Readonly<Record<string, readonly string[]>>;

/**
 * Reads the field `claim_token`: base64url of JSON.
 *
 * @throws {Fault} 400 if it is malformed, 500 if a claim is not a list
 */
export function readClaimToken(token: string | null): PushedClaims {
  if (token === null) return {};
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    throw invalidRequest('Invalid claims');
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw invalidRequest('Invalid claims');
  if (Object.values(claims).some((one) => !Array.isArray(one)))
    throw new Fault(500, 'server_error', 'Unexpected error while evaluating permissions');
  return claims as PushedClaims;
}

/** Drops names that begin with `kc.`, which are reserved. */
export function withoutReserved(claims: PushedClaims): PushedClaims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !name.startsWith('kc.')));
}

/** A ticket's content: which server issued it, and what it asks for. */
interface TicketContent {
  readonly audience: string;
  readonly permissions: readonly PermissionText[];
  readonly claims: PushedClaims;
}

const invalidTicket = (text: string) => new Fault(403, 'invalid_ticket', text);

/**
 * Reads a permission ticket (UMA 2.0 Grant §3.3.1). It belongs to nobody, and is valid until it expires.
 *
 * @throws {Fault} 403 `invalid_ticket`
 */
export async function readTicket({ keys, clock }: Provider, ticket: string): Promise<TicketContent> {
  // Keycloak accepts any token of the realm as a ticket. Another kind of token asks for nothing.
  const content = (await keys.verifyInternal(ticket)) ?? (await keys.verify(ticket));
  if (content === undefined) throw invalidTicket('Ticket verification failed');
  if ((content.exp as number) <= clock.seconds()) throw invalidTicket('Invalid permission ticket.');
  const permissions = (content.permissions ?? []) as { rsid?: string; scopes?: string[] }[];
  return {
    audience: String(content.azp),
    permissions: permissions.map(({ rsid, scopes = [] }) => ({ resource: rsid, scopes })),
    claims: (content.claims ?? {}) as PushedClaims,
  };
}

/** Expires with the token of the caller. */
export function signTicket(
  { keys, clock }: Provider,
  { exp, sub, azp }: Claims,
  issuer: string,
  { permissions: requested, claims }: Omit<TicketContent, 'audience'>,
): Promise<string> {
  return keys.signInternal({
    exp,
    iat: clock.seconds(),
    permissions: requested.map(({ resource, scopes }) => ({
      ...(scopes.length === 0 ? {} : { scopes }),
      rsid: resource,
    })),
    ...(Object.keys(claims).length === 0 ? {} : { claims }),
    jti: `${randomUUID()}-${clock.now()}`,
    aud: issuer,
    sub,
    azp,
  });
}

/** The context of a request for policies: pushed claims, and those that Keycloak adds. */
export function toContext(
  { realm, clock }: Provider,
  { ip, headers }: FastifyRequest,
  client: Client,
  claims: PushedClaims,
): RequestContext {
  const attributes = new Map<string, readonly string[]>(
    Object.entries(claims).map(([name, values]) => [name, values.map(String)]),
  );
  const now = clock.now();
  attributes.set('kc.time.date_time', [toLocalTime(new Date(now))]);
  attributes.set('kc.client.network.ip_address', [ip]);
  attributes.set('kc.client.network.host', [ip]);
  const agent = headers['user-agent'];
  if (agent !== undefined) attributes.set('kc.client.user_agent', [agent]);
  attributes.set('kc.realm.name', [realm.name]);
  attributes.set('kc.client.id', [client.clientId]);
  return { attributes, now };
}

/** `yyyy-MM-dd HH:mm:ss`, in the time zone of the process. */
function toLocalTime(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}

interface Resolution {
  readonly server: ResourceServer;
  readonly subject: Subject;
  /** The form's field `scope`, which is added to every question. */
  readonly moreScopes: readonly string[];
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
    const knownNames = knownScopes(context, scopes);
    if (resource === undefined) addByScopes(requests, context, knownNames);
    else addByResource(requests, context, resource, knownNames);
  }
  return requests;
}

/** Everything: what the client owns, what the subject owns, and what others shared with it. */
export function resolveAll({ server, subject }: Resolution): RequestedPermission[] {
  const all = [...server.resources.values()];
  const of = (ownerId: string) => all.filter((one) => one.ownerId === ownerId);
  const owned = [...of(server.clientId), ...(subject.id === server.clientId ? [] : of(subject.id))];
  const requests = owned.map((resource) => ({ resource, scopes: scopesOf(server, resource, []) }));
  return [...requests, ...sharedWith(server, subject)];
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

function addByScopes(requests: Requests, { server }: Resolution, names: readonly string[]): void {
  const having = [...server.resources.values()].filter(({ scopes }) =>
    scopes.some((one) => names.includes(one)),
  );
  for (const resource of having) {
    const known = requests.get(resource.id);
    const scopes = known === undefined ? scopesOf(server, resource, names) : [...known.scopes, ...names];
    requests.set(resource.id, { resource, scopes: [...new Set(scopes)] });
  }
  if (having.length > 0) return;
  for (const scope of names) {
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

function sharedWith(server: ResourceServer, subject: Subject): RequestedPermission[] {
  const shared = new Map<string, string[]>();
  for (const { isGranted, requesterId, resourceId, scope } of server.tickets.values()) {
    if (!isGranted || requesterId !== subject.id) continue;
    shared.set(resourceId, [...(shared.get(resourceId) ?? []), ...(scope === undefined ? [] : [scope])]);
  }
  return [...shared].map(([id, scopes]) => ({
    resource: server.resources.get(id),
    scopes,
    isGranted: true,
  }));
}
