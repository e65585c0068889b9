import { randomUUID } from 'node:crypto';
import type { Resource, ResourceServer } from '../authz/model.ts';
import { Fault, unexpected } from '../fault.ts';
import {
  each,
  flag,
  listOf,
  object,
  readRepresentation,
  text,
  texts,
  textsByName,
  wrongShape,
} from '../http/bodies.ts';
import type { Provider } from '../provider/provider.ts';
import { notFound, type ProtectionAnswer, type ProtectionCall, pageOf } from './requester.ts';
import { deleteTicket } from './tickets.ts';

const scopes = listOf((one) => {
  if (one === null) throw unexpected();
  if (typeof one === 'string') return one;
  const { name } = object(one) as { name?: unknown };
  if (name === undefined) throw new Fault(409, 'conflict', 'Duplicate resource error');
  return text(name);
});
const owner = (value: unknown) => {
  if (typeof value === 'string') return value;
  if (Object.keys(object(value) as object).some((name) => name !== 'id' && name !== 'name'))
    throw wrongShape();
  return value;
};
const SHAPES = {
  ...each('_id name displayName type uri icon_uri', text),
  ...{ uris: texts, ownerManagedAccess: flag, attributes: textsByName, owner },
  ...each('scopes resource_scopes', scopes),
};

/** A resource as a caller describes it. Missing members are `undefined` or empty. */
type ResourceBody = Omit<Resource, 'id' | 'name' | 'ownerId' | 'attributes'> & {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly attributes: Resource['attributes'] | undefined;
};

/** @throws {Fault} 400 in Keycloak's words */
function readResourceBody(text: string): ResourceBody {
  const body = readRepresentation(text, 'UmaResourceRepresentation', SHAPES) as Body;
  const uris = [...(body.uris ?? []), ...(body.uri === undefined ? [] : [body.uri])];
  for (const uri of uris) assertTemplate(uri);
  return {
    id: body._id,
    name: body.name,
    displayName: body.displayName,
    type: body.type,
    uris: [...new Set(uris)],
    iconUri: body.icon_uri,
    isOwnerManaged: body.ownerManagedAccess === true,
    scopes: [...new Set(body.resource_scopes ?? body.scopes)],
    attributes: body.attributes,
  };
}

interface Body extends Partial<Record<'_id' | 'name' | 'displayName' | 'type' | 'uri' | 'icon_uri', string>> {
  readonly uris?: readonly string[];
  readonly scopes?: readonly string[];
  readonly resource_scopes?: readonly string[];
  readonly ownerManagedAccess?: boolean;
  readonly attributes?: Resource['attributes'];
}

/** Keycloak's members for a new resource, for one asked for by id, and for one in a list. */
function describeResource(
  { realm }: Pick<Provider, 'realm'>,
  server: ResourceServer,
  resource: Resource,
  as: 'new' | 'one' | 'listed',
): Record<string, unknown> {
  const { id, name, displayName, type, uris, iconUri, ownerId, isOwnerManaged, attributes } = resource;
  const ownerName = ownerId === server.clientId ? server.name : realm.userById(ownerId)?.username;
  const scopes = resource.scopes.map((one) => {
    const known = as === 'one' ? {} : { id: server.scopes.get(one)?.id };
    return { ...known, name: one };
  });
  return {
    name,
    type,
    owner: { id: ownerId, ...(as === 'one' ? {} : { name: ownerName }) },
    ownerManagedAccess: isOwnerManaged,
    displayName,
    ...(as === 'new' ? {} : { attributes }),
    _id: id,
    uris,
    ...(as === 'listed' ? {} : { resource_scopes: scopes }),
    ...(scopes.length === 0 ? {} : { scopes }),
    icon_uri: iconUri,
  };
}

/** @throws {Fault} 400 for a path that would match nothing */
function assertTemplate(uri: string): void {
  const why = whyNoTemplate(uri);
  if (why === undefined) return;
  throw new Fault(400, 'invalid_request', `URI [${uri}] is not a valid template: ${why}`);
}

function whyNoTemplate(uri: string): string | undefined {
  let name: string | undefined;
  for (const character of uri) {
    if (character === '{') {
      if (name !== undefined) return "nested '{'";
      name = '';
    } else if (character === '}') {
      if (!name) return "unexpected '}' or empty parameter name";
      name = undefined;
    } else if (name !== undefined) {
      if (character === '/') return "parameter name contains '/'";
      name += character;
    }
  }
  if (name !== undefined) return "missing closing '}'";
  const isWildcard = !uri.includes('*') || /^[^*]*\/\*$/.test(uri) || /^[^*]*\/\*\.[^*/]+$/.test(uri);
  return isWildcard
    ? undefined
    : "wildcard '*' is only supported as trailing '/*' or as a suffix pattern '/*.ext'";
}

/** @throws {Fault} 400 if the client's settings do not allow it */
function assertManaged({ allowsManagement }: ResourceServer): void {
  if (!allowsManagement) throw new Fault(400, 'not_supported', 'Remote management is disabled.');
}

/** Users see and change their own resources, the client all of them. */
function findOwn({ caller: { server, id: callerId, isServer }, id }: ProtectionCall): Resource {
  assertManaged(server);
  const resource = server.resources.get(id);
  if (resource === undefined) throw isServer ? notFound() : new Fault(404, 'not_found', 'Resource not found');
  if (isServer || resource.ownerId === callerId) return resource;
  throw new Fault(403, 'forbidden', "You don't have permission to manage this resource");
}

export function readResource(call: ProtectionCall): ProtectionAnswer {
  return { status: 200, json: describeResource(call.provider, call.caller.server, findOwn(call), 'one') };
}

/** The caller becomes the owner, whatever the body says. As in Keycloak, an existing id is overwritten and keeps its owner. */
export function registerResource({ provider, caller, text }: ProtectionCall): ProtectionAnswer {
  const { server, id: ownerId } = caller;
  assertManaged(server);
  if (text === '') return { status: 400 };
  const body = readResourceBody(text);
  if (body.name === undefined) throw new Fault(409, 'conflict', 'Duplicate resource error');
  const { name } = body;
  if ([...server.resources.values()].some((one) => one.name === name && one.ownerId === ownerId))
    throw new Fault(409, 'invalid_request', `Resource with name [${name}] already exists.`);
  const before = server.resources.get(body.id ?? '');
  const resource = {
    ...{ ...body, name, id: body.id ?? randomUUID(), ownerId: before?.ownerId ?? ownerId },
    attributes: body.attributes ?? before?.attributes ?? {},
  };
  put(server, resource);
  return { status: 201, json: describeResource(provider, server, resource, 'new') };
}

/** Replaces everything but the owner, the id and, if none are given, the attributes. */
export function replaceResource(call: ProtectionCall): ProtectionAnswer {
  const { id, ownerId, attributes } = findOwn(call);
  const body = readResourceBody(call.text);
  if (body.name === undefined) throw unexpected();
  put(call.caller.server, {
    ...{ ...body, name: body.name, id, ownerId },
    attributes: body.attributes ?? attributes,
  });
  return { status: 204 };
}

export function removeResource(call: ProtectionCall): ProtectionAnswer {
  const { server } = call.caller;
  const { id } = findOwn(call);
  for (const ticket of server.tickets.values()) if (ticket.resourceId === id) deleteTicket(server, ticket);
  for (const [key, policy] of server.policies) {
    if (!policy.resources.includes(id)) continue;
    const resources = policy.resources.filter((one) => one !== id);
    if (policy.type === 'uma' || resources.length === 0) server.policies.delete(key);
    else server.policies.set(key, { ...policy, resources });
  }
  server.resources.delete(id);
  return { status: 204 };
}

/** Creates unknown scopes. */
function put(server: ResourceServer, resource: Resource): void {
  for (const name of resource.scopes) {
    if (!server.scopes.has(name)) server.scopes.set(name, { id: randomUUID(), name, iconUri: undefined });
  }
  server.resources.set(resource.id, resource);
}

export function findResources(call: ProtectionCall): ProtectionAnswer {
  const { provider, caller, query } = call;
  const { server } = caller;
  assertManaged(server);
  const all = [...server.resources.values()].filter((one) => matches(call, one));
  const page = pageOf(
    all.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    query,
  );
  const json = isTrue(query, 'deep')
    ? page.map((one) => describeResource(provider, server, one, 'listed'))
    : page.map(({ id }) => id);
  return { status: 200, json };
}

function matches({ provider, caller, query }: ProtectionCall, resource: Resource): boolean {
  const parameter = (name: string) => query.get(name)?.trim() || undefined;
  const owner = caller.isServer ? parameter('owner') : caller.id;
  const { realm } = provider;
  const ownerId =
    owner === undefined ? undefined : (realm.client(owner)?.id ?? realm.userByName(owner)?.id ?? owner);
  const [id, name, uri, type, scope] = ['_id', 'name', 'uri', 'type', 'scope'].map(parameter);
  const compare = isTrue(query, 'exactName') ? isSame : contains;
  return (
    (ownerId === undefined || resource.ownerId === ownerId) &&
    (id === undefined || resource.id === id) &&
    (name === undefined || compare(resource.name, name)) &&
    (uri === undefined || resource.uris.some((one) => isSame(one, uri))) &&
    (type === undefined || contains(resource.type ?? '', type)) &&
    (scope === undefined || resource.scopes.some((one) => contains(one, scope)))
  );
}

const isTrue = (query: URLSearchParams, name: string) => query.get(name)?.toLowerCase() === 'true';
const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** Ignores case. A star stands for anything. */
function contains(text: string, part: string): boolean {
  const pieces = part.toLowerCase().split('*');
  let at = 0;
  for (const piece of pieces) {
    const index = text.toLowerCase().indexOf(piece, at);
    if (index === -1) return false;
    at = index + piece.length;
  }
  return true;
}
