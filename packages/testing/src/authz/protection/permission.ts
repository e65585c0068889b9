import { Fault, unexpected } from '../../fault.ts';
import { issuerOf } from '../../http/issuer.ts';
import { parseJson, text, texts, textsByName, toRepresentation, wrongShape } from '../../http/json-body.ts';
import { parentsOf } from '../evaluation/find-permissions.ts';
import type { AskedText } from '../grant/permission-form.ts';
import { signTicket } from '../grant/permission-ticket.ts';
import type { PushedClaims } from '../grant/pushed-claims.ts';
import type { Resource } from '../model.ts';
import type { ResourceServer } from '../resource-servers.ts';
import type { ProtectionAnswer, ProtectionCall } from './call.ts';
import type { ProtectionCaller } from './caller.ts';

const SHAPES = { resource_id: text, resource_scopes: texts, claims: textsByName };

interface Wanted {
  readonly resource_id?: string;
  readonly resource_scopes?: readonly string[];
  readonly claims?: PushedClaims;
}

/** Makes a ticket for what a client was refused (UMA 2.0 Federated Authorization §4). */
export async function createPermissionTicket(call: ProtectionCall): Promise<ProtectionAnswer> {
  const { provider, caller, text: body, request } = call;
  const value = body === '' ? [] : parseJson(body);
  if (!Array.isArray(value)) throw wrongShape();
  const wanted = value.map((one: unknown): Wanted => {
    if (one === null) throw unexpected();
    return toRepresentation(one, body, 'PermissionRequest', SHAPES);
  });
  if (wanted.length === 0) {
    throw new Fault(400, 'invalid_permission_request', 'Invalid permission request.');
  }
  const asked = wanted.flatMap((one) => toAsked(caller, one));
  const claims = Object.assign({}, ...wanted.map((one) => one.claims ?? {})) as PushedClaims;
  const ticket = await signTicket(provider, caller.claims, issuerOf(request), { asked, claims });
  return { status: 201, json: { ticket } };
}

function toAsked(
  { server, id: callerId, isServer }: ProtectionCaller,
  { resource_id: named, resource_scopes: scopes = [] }: Wanted,
): AskedText[] {
  if (named === undefined) {
    if (scopes.length === 0) throw invalidResource('Resource id or name not provided.');
    for (const one of scopes) if (!server.scopes.has(one)) throw invalidScope(one);
    return [{ resource: undefined, scopes }];
  }
  const byName = (ownerId: string) =>
    [...server.resources.values()].filter((one) => one.name === named && one.ownerId === ownerId);
  const byId = server.resources.get(named);
  const found = byId ? [byId] : [...byName(callerId), ...(isServer ? [] : byName(server.clientId))];
  if (found.length === 0) {
    throw invalidResource(`Resource set with id [${named}] does not exists in this server.`);
  }
  return found.map((resource) => {
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

const invalidResource = (text: string) => new Fault(400, 'invalid_resource_id', text);
const invalidScope = (name: string) => new Fault(400, 'invalid_scope', `Scope [${name}] is invalid`);
