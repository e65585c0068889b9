import { randomUUID } from 'node:crypto';
import { Fault, unexpected } from '../../fault.ts';
import type { Resource } from '../model.ts';
import { findByUri } from '../path-match.ts';
import type { ResourceServer } from '../resource-servers.ts';
import { deleteTicket } from '../tickets.ts';
import { type ProtectionAnswer, type ProtectionCall, pageOf } from './call.ts';
import { notFound } from './caller.ts';
import { describeResource, readResourceBody } from './resource-representation.ts';

/** @throws {Fault} 400 if the client's settings do not allow it */
function assertManaged({ allowsManagement }: ResourceServer): void {
  if (!allowsManagement) throw new Fault(400, 'not_supported', 'Remote management is disabled.');
}

/** Users see and change their own resources, the client all of them. */
function findOwn({ caller: { server, id: callerId, isServer }, id }: ProtectionCall): Resource {
  assertManaged(server);
  const resource = server.resources.get(id);
  if (resource === undefined) {
    throw isServer ? notFound() : new Fault(404, 'not_found', 'Resource not found');
  }
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
  if ([...server.resources.values()].some((one) => one.name === name && one.ownerId === ownerId)) {
    throw new Fault(409, 'invalid_request', `Resource with name [${name}] already exists.`);
  }
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
  const found = pageOf(
    all.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    query,
  );
  const uri = query.get('uri');
  const isPattern = uri !== null && isTrue(query, 'matchingUri') && found.length === 0;
  const listed = isPattern ? findByUri(server, uri, true) : found;
  const json = isTrue(query, 'deep')
    ? listed.map((one) => describeResource(provider, server, one, 'listed'))
    : listed.map(({ id }) => id);
  return { status: 200, json };
}

function matches({ provider, caller, query }: ProtectionCall, resource: Resource): boolean {
  const given = (name: string) => query.get(name)?.trim() || undefined;
  const owner = caller.isServer ? given('owner') : caller.id;
  const { realm } = provider;
  const ownerId =
    owner === undefined ? undefined : (realm.client(owner)?.id ?? realm.userByName(owner)?.id ?? owner);
  const [id, name, uri, type, scope] = ['_id', 'name', 'uri', 'type', 'scope'].map(given);
  const isNamed = isTrue(query, 'exactName') ? isSame : contains;
  return (
    (ownerId === undefined || resource.ownerId === ownerId) &&
    (id === undefined || resource.id === id) &&
    (name === undefined || isNamed(resource.name, name)) &&
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
    const found = text.toLowerCase().indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return true;
}
