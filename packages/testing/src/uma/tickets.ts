import { randomUUID } from 'node:crypto';
import type { Granted } from '../authz/evaluation.ts';
import type { Policy, Resource, ResourceServer, Ticket } from '../authz/model.ts';
import { stableId } from '../realm/stable-id.ts';
import type { PermissionText } from './permission-request.ts';

export function createTicket(
  server: ResourceServer,
  { id: resourceId, ownerId }: Resource,
  scope: string | undefined,
  requesterId: string,
): Ticket {
  const ticket = { id: randomUUID(), resourceId, scope, ownerId, requesterId, isGranted: false };
  server.tickets.set(ticket.id, ticket);
  return ticket;
}

export function grantTicket(server: ResourceServer, ticket: Ticket): void {
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
  granted: readonly Granted[],
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

export function hasTicket(
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
function sharePolicy({ tickets, policies }: ResourceServer, { resourceId, ownerId, requesterId }: Ticket) {
  const id = stableId('share', resourceId, requesterId);
  const shared = [...tickets.values()].filter(
    (one) => one.isGranted && one.resourceId === resourceId && one.requesterId === requesterId,
  );
  policies.delete(id);
  policies.delete(`${id} user`);
  if (shared.length === 0) return;
  const common = { isNegative: false, strategy: 'UNANIMOUS', resourceType: undefined, ownerId } as const;
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
