import { randomUUID } from 'node:crypto';
import { parentsOf, type ResourceScopes } from '../authz/evaluation.ts';
import type { Policy, Resource, ResourceServer, Ticket } from '../authz/model.ts';
import { Fault, invalidRequest, unexpected } from '../fault.ts';
import {
  each,
  flag,
  parseJson,
  readRepresentation,
  text,
  texts,
  textsByName,
  toRepresentation,
  wrongShape,
} from '../http/bodies.ts';
import { issuerOf } from '../http/headers.ts';
import type { Provider } from '../provider/provider.ts';
import { stableId } from '../realm/stable-id.ts';
import { type PermissionText, type PushedClaims, signTicket } from './permission-request.ts';
import { type ProtectionAnswer, type ProtectionCall, type ProtectionCaller, pageOf } from './requester.ts';

function createTicket(
  server: ResourceServer,
  { id: resourceId, ownerId }: Resource,
  scope: string | undefined,
  requesterId: string,
): Ticket {
  const ticket = { id: randomUUID(), resourceId, scope, ownerId, requesterId, isGranted: false };
  server.tickets.set(ticket.id, ticket);
  return ticket;
}

function grantTicket(server: ResourceServer, ticket: Ticket): void {
  ticket.isGranted = true;
  sharePolicy(server, ticket);
}

export function deleteTicket(server: ResourceServer, ticket: Ticket): void {
  server.tickets.delete(ticket.id);
  sharePolicy(server, ticket);
}

/**
 * Files a request with the owner for each scope that was asked for and not granted. None is filed if the client or the caller
 * is the owner, or the owner may not share.
 */
export function fileRequests(
  server: ResourceServer,
  requesterId: string,
  permissions: readonly PermissionText[],
  granted: readonly ResourceScopes[],
): void {
  for (const { resource: id, scopes } of permissions) {
    const resource = server.resources.get(id ?? '');
    if (resource === undefined || !resource.isOwnerManaged) continue;
    if (resource.ownerId === requesterId || resource.ownerId === server.clientId) continue;
    const grants = granted.filter((one) => one.resource?.id === id);
    const left = scopes.filter((scope) => !grants.some((one) => one.scopes.includes(scope)));
    if (grants.length > 0 && left.length === 0) continue;
    const missing = left.length > 0 ? left : resource.scopes;
    for (const scope of missing.length > 0 ? missing : [undefined]) {
      if (!hasTicket(server, resource.id, scope, requesterId))
        createTicket(server, resource, scope, requesterId);
    }
  }
}

function hasTicket(
  { tickets }: ResourceServer,
  resourceId: string,
  scope: string | undefined,
  requesterId: string,
): boolean {
  return [...tickets.values()].some(
    (one) => one.resourceId === resourceId && one.scope === scope && one.requesterId === requesterId,
  );
}

/** One permission for each resource and user that an owner shares with, as long as anything is shared. */
function sharePolicy({ tickets, policies }: ResourceServer, { resourceId, requesterId }: Ticket) {
  const id = stableId('share', resourceId, requesterId);
  const shared = [...tickets.values()].filter(
    (one) => one.isGranted && one.resourceId === resourceId && one.requesterId === requesterId,
  );
  policies.delete(id);
  policies.delete(`${id} user`);
  if (shared.length === 0) return;
  const common = { isNegative: false, strategy: 'UNANIMOUS', resourceType: undefined } as const;
  const none = { resources: [], scopes: [], policies: [] };
  const user: Policy = {
    ...{ ...common, ...none, id: `${id} user`, name: `${id} user`, type: 'user' },
    config: { users: JSON.stringify([requesterId]) },
  };
  policies.set(user.id, user);
  policies.set(id, {
    ...{ ...common, id, name: id, type: 'uma', config: {}, policies: [user.id] },
    resources: [resourceId],
    scopes: shared.flatMap(({ scope }) => scope ?? []),
  });
}

const TICKET_SHAPES = {
  ...each('id owner resource scope scopeName resourceName requester ownerName requesterName', text),
  granted: flag,
};

const invalidPermission = (text: string) => new Fault(400, 'invalid_permission', text);
const notAuthorised = (resource: unknown, text: string) =>
  new Fault(403, 'not_authorised', `permissions for [${resource}] ${text}`);

const readBody = (body: string) => readRepresentation(body, 'PermissionTicketRepresentation', TICKET_SHAPES);

/** Shares at once, or files a request. Only the owner and the client may. */
export function shareByTicket(call: ProtectionCall): ProtectionAnswer {
  const { provider, caller } = call;
  if (call.text === '') throw invalidRequest('invalid_permission');
  const body = readBody(call.text);
  const { server } = caller;
  if (body.id !== undefined) throw invalidPermission('created permissions should not have id');
  if (body.resource === undefined) throw invalidPermission('created permissions should have resource');
  if (body.scope === undefined && body.scopeName === undefined)
    throw invalidPermission('created permissions should have scope or scopeName');
  if (body.requester === undefined && body.requesterName === undefined)
    throw invalidPermission('created permissions should have requester or requesterName');
  const subject = `Resource set with id [${body.resource}]`;
  const resource = server.resources.get(String(body.resource));
  if (resource === undefined) throw invalidResource(`${subject} does not exists in this server.`);
  if (!caller.isServer && resource.ownerId !== caller.id)
    throw notAuthorised(body.resource, 'can be only created by the owner or by the resource server itself');
  if (!resource.isOwnerManaged)
    throw invalidPermission('permission can only be created for resources with user-managed access enabled');
  const requester =
    body.requester === undefined
      ? provider.realm.userByName(String(body.requesterName))
      : provider.realm.userById(String(body.requester));
  if (requester === undefined) throw invalidPermission('Requester does not exists in this server as user.');
  const scope = scopeOf(server, body);
  if (scope === undefined)
    throw new Fault(400, 'invalid_scope', `Scope [${body.scope ?? body.scopeName}] is invalid`);
  if (!resource.scopes.includes(scope)) throw invalidResource(`${subject} does not have Scope [${scope}]`);
  if (hasTicket(server, resource.id, scope, requester.id))
    throw invalidPermission('Permission already exists');
  const ticket = createTicket(server, resource, scope, requester.id);
  if (body.granted === true) grantTicket(server, ticket);
  return { status: 200, json: describe(provider, server, ticket, false) };
}

const invalidResource = (text: string) => new Fault(400, 'invalid_resource_id', text);

function scopeOf(
  { scopes }: ResourceServer,
  { scope, scopeName }: Record<string, unknown>,
): string | undefined {
  if (scopeName !== undefined) return scopes.get(String(scopeName))?.name;
  return [...scopes.values()].find(({ id }) => id === scope)?.name;
}

function requireTicket({ tickets }: ResourceServer, id: unknown): Ticket {
  const ticket = tickets.get(String(id));
  if (ticket === undefined) throw invalidRequest('invalid_ticket');
  return ticket;
}

/** Grants a request, or takes it back with `granted: false`. */
export function updateTicket({ caller, text: sent }: ProtectionCall): ProtectionAnswer {
  const body = sent === '' ? {} : readBody(sent);
  const ticket = requireTicket(caller.server, body.id);
  if (!caller.isServer && ticket.ownerId !== caller.id)
    throw notAuthorised(body.resource ?? null, 'can be updated only by the owner or by the resource server');
  if (body.granted !== true) deleteTicket(caller.server, ticket);
  else if (!ticket.isGranted) grantTicket(caller.server, ticket);
  return { status: 204 };
}

export function removeTicket({ caller, id }: ProtectionCall): ProtectionAnswer {
  const ticket = requireTicket(caller.server, id);
  if (!caller.isServer && ![ticket.ownerId, ticket.requesterId].includes(caller.id))
    throw notAuthorised(
      ticket.resourceId,
      'can be deleted only by the owner, the requester, or the resource server',
    );
  deleteTicket(caller.server, ticket);
  return { status: 204 };
}

export function listTickets(call: ProtectionCall): ProtectionAnswer {
  const { provider, caller, query } = call;
  const page = pageOf(findTickets(call), query);
  const withNames = query.get('returnNames')?.toLowerCase() === 'true';
  return { status: 200, json: page.map((one) => describe(provider, caller.server, one, withNames)) };
}

/** Users see the tickets that they own or asked for. */
function findTickets({ provider, caller, query }: ProtectionCall): Ticket[] {
  const { tickets, scopes } = caller.server;
  const userId = (name: string) => {
    const idOrName = query.get(name);
    if (idOrName === null) return undefined;
    return (provider.realm.userById(idOrName) ?? provider.realm.userByName(idOrName))?.id ?? idOrName;
  };
  const [owner, requester] = [userId('owner'), userId('requester')];
  const [resourceId, granted, scopeId] = ['resourceId', 'granted', 'scopeId'].map((one) => query.get(one));
  return [...tickets.values()].filter(
    (one) =>
      isVisible(caller, one) &&
      (owner === undefined || one.ownerId === owner) &&
      (requester === undefined || one.requesterId === requester) &&
      (resourceId === null || one.resourceId === resourceId) &&
      (granted === null || one.isGranted === (granted?.toLowerCase() === 'true')) &&
      (scopeId === null || [one.scope, scopes.get(one.scope ?? '')?.id].includes(scopeId)),
  );
}

const isVisible = ({ isServer, id }: ProtectionCaller, { ownerId, requesterId }: Ticket): boolean =>
  isServer || ownerId === id || requesterId === id;

function describe(
  { realm }: Pick<Provider, 'realm'>,
  { resources, scopes, clientId, name }: ResourceServer,
  { id, ownerId, resourceId, scope, isGranted, requesterId }: Ticket,
  withNames: boolean,
): Record<string, unknown> {
  const names = {
    scopeName: scope,
    resourceName: resources.get(resourceId)?.name,
    ownerName: ownerId === clientId ? name : realm.userById(ownerId)?.username,
    requesterName: realm.userById(requesterId)?.username,
  };
  return {
    ...{ id, owner: ownerId, resource: resourceId, scope: scopes.get(scope ?? '')?.id },
    ...{ granted: isGranted, requester: requesterId },
    ...(withNames ? names : {}),
  };
}

const REQUEST_SHAPES = { resource_id: text, resource_scopes: texts, claims: textsByName };

interface PermissionBody {
  readonly resource_id?: string;
  readonly resource_scopes?: readonly string[];
  readonly claims?: PushedClaims;
}

/** Makes a ticket for what a client was refused (UMA 2.0 Federated Authorization §4). */
export async function createPermissionTicket(call: ProtectionCall): Promise<ProtectionAnswer> {
  const { provider, caller, text: body, request } = call;
  const value = body === '' ? [] : parseJson(body);
  if (!Array.isArray(value)) throw wrongShape();
  const bodies = value.map((one: unknown): PermissionBody => {
    if (one === null) throw unexpected();
    return toRepresentation(one, body, 'PermissionRequest', REQUEST_SHAPES);
  });
  if (bodies.length === 0) throw new Fault(400, 'invalid_permission_request', 'Invalid permission request.');
  const requested = bodies.flatMap((one) => toPermissions(caller, one));
  const claims = Object.assign({}, ...bodies.map((one) => one.claims ?? {})) as PushedClaims;
  const ticket = await signTicket(provider, caller.claims, issuerOf(request), {
    permissions: requested,
    claims,
  });
  return { status: 201, json: { ticket } };
}

function toPermissions(
  { server, id: callerId, isServer }: ProtectionCaller,
  { resource_id: idOrName, resource_scopes: scopes = [] }: PermissionBody,
): PermissionText[] {
  if (idOrName === undefined) {
    if (scopes.length === 0) throw invalidResource('Resource id or name not provided.');
    for (const one of scopes) if (!server.scopes.has(one)) throw invalidScope(one);
    return [{ resource: undefined, scopes }];
  }
  const byName = (ownerId: string) =>
    [...server.resources.values()].filter((one) => one.name === idOrName && one.ownerId === ownerId);
  const byId = server.resources.get(idOrName);
  const resources = byId ? [byId] : [...byName(callerId), ...(isServer ? [] : byName(server.clientId))];
  if (resources.length === 0)
    throw invalidResource(`Resource set with id [${idOrName}] does not exists in this server.`);
  return resources.map((resource) => {
    assertScopes(server, resource, scopes);
    return { resource: resource.id, scopes };
  });
}

function assertScopes(server: ResourceServer, resource: Resource, scopes: readonly string[]): void {
  const inherited = parentsOf(server, { ...resource, ownerId: '' }).flatMap((one) => one.scopes);
  for (const one of scopes) {
    if (!resource.scopes.includes(one) && !inherited.includes(one)) throw invalidScope(one);
  }
}

const invalidScope = (name: string) => new Fault(400, 'invalid_scope', `Scope [${name}] is invalid`);
