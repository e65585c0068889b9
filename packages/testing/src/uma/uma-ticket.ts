import { evaluate, type RequestedPermission, type ResourceScopes } from '../authz/evaluation.ts';
import type { ResourceServer } from '../authz/model.ts';
import { Fault, invalidRequest } from '../fault.ts';
import { formOf } from '../http/bodies.ts';
import { issuerOf } from '../http/headers.ts';
import type { Provider } from '../provider/provider.ts';
import type { Exchange } from '../provider/route.ts';
import type { Client } from '../realm/client.ts';
import {
  accessTokenClaims,
  answerWith,
  type Claims,
  type GoodToken,
  refreshTokenClaims,
} from '../tokens/issue.ts';
import { toGranted } from '../tokens/scopes.ts';
import {
  type PermissionText,
  type PushedClaims,
  readPermissions,
  readTicket,
  resolveAll,
  resolvePermissions,
  toContext,
  withoutReserved,
} from './permission-request.ts';
import { type Identified, identify, readRequester } from './requester.ts';
import { fileRequests } from './tickets.ts';

/** A permission, as in answers and in a token's claim `authorization`. */
interface PermissionClaim {
  scopes?: readonly string[];
  rsid?: string;
  rsname?: string;
  claims?: PushedClaims;
}

function toPermissionClaims(
  granted: readonly ResourceScopes[],
  claims: PushedClaims,
  withNames: boolean,
): PermissionClaim[] {
  return granted.map(({ resource, scopes }) => ({
    ...(scopes.length === 0 ? {} : { scopes }),
    ...(resource === undefined ? {} : { rsid: resource.id }),
    ...(resource === undefined || !withNames ? {} : { rsname: resource.name }),
    ...(Object.keys(claims).length === 0 ? {} : { claims }),
  }));
}

/** The permissions in an RPT; none in any other token. */
function permissionsIn(claims: Readonly<Record<string, unknown>> | undefined): PermissionClaim[] {
  const { permissions } = (claims?.authorization ?? {}) as { permissions?: unknown };
  return Array.isArray(permissions) ? (permissions as PermissionClaim[]) : [];
}

/** Whether one of the permissions has the wanted resource and shares a scope. */
function holds(permissions: readonly PermissionClaim[], permission: PermissionClaim): boolean {
  const scopes = permission.scopes ?? [];
  return permissions.some((one) => {
    if (one.rsid !== permission.rsid) return false;
    if (permission.rsid !== undefined && scopes.length === 0 && one.scopes === undefined) return true;
    return one.scopes?.some((scope) => scopes.includes(scope)) === true;
  });
}

/**
 * A token that carries permissions (UMA 2.0 Grant §3.3.5): issued to the asking client, for the resource server, with the
 * resource server's claims.
 */
async function issueRequestingPartyToken(
  provider: Provider,
  { client: requester, user, session }: GoodToken,
  target: Client,
  permissions: readonly PermissionClaim[],
  issuer: string,
): Promise<Claims> {
  const { realm } = provider;
  const isOwn = requester.clientId === target.clientId;
  const grant = {
    ...{ issuer, client: target, user, session, authorization: { permissions }, grantCode: 'na' },
    scopes: toGranted(realm, target.defaultScopes),
    isGuest: session !== undefined && !isOwn,
  };
  const access: Claims = { ...accessTokenClaims(provider, grant), azp: requester.clientId };
  const audience = [access.aud ?? []].flat() as string[];
  if (!audience.includes(target.clientId)) access.aud = target.clientId;
  const refresh =
    session && ({ ...refreshTokenClaims(provider, grant, session), azp: requester.clientId } as Claims);
  return answerWith(provider, requester, access, refresh);
}

export const UMA_TICKET = 'urn:ietf:params:oauth:grant-type:uma-ticket';

/**
 * The grant that asks for permissions: with a ticket (UMA 2.0 Grant §3.3.1), or by naming them, which is Keycloak's
 * extension.
 *
 * @see Keycloak, Authorization Services Guide: "Obtaining permissions"
 */
export async function umaTicketGrant(exchange: Exchange): Promise<unknown> {
  const { provider, request } = exchange;
  const form = formOf(request);
  const issuer = issuerOf(request);
  const requester = await readRequester(exchange);
  const previous = await readPrevious(provider, form);
  const audience = form.get('audience') ?? undefined;
  const fromForm = readPermissions(form);
  const ticketText = form.get('ticket');
  if (form.has('claim_token') && requester.client.isPublic && ticketText === null)
    throw new Fault(403, 'invalid_grant', 'Public clients are not allowed to send claims');
  const ticket = ticketText === null ? undefined : await readTicket(provider, ticketText);
  const identified = await identify(provider, form, requester, issuer);
  const server = requireServer(provider, ticket?.audience ?? audience);
  const requested = ticket?.permissions ?? fromForm;
  // Claims of the ticket override those of the request.
  const claims = withoutReserved({ ...identified.claims, ...ticket?.claims });
  const { subject } = identified;
  const resolution = { server, subject, moreScopes: form.get('scope')?.split(' ') ?? [] };
  const question = { subject, context: toContext(provider, request, identified.token.client, claims) };

  const isForAll = ticket === undefined && requested.length === 0 && previous === undefined;
  const permissions = isForAll ? resolveAll(resolution) : resolveWith(requested, previous, resolution);
  const granted = evaluate(server, question, permissions);
  const withNames = (form.get('response_include_resource_name') ?? 'true').toLowerCase() === 'true';
  const answer = toPermissionClaims(granted, claims, withNames);
  const isSubmitted = ticket !== undefined && (form.get('submit_request') ?? 'true').toLowerCase() === 'true';
  if (isSubmitted) fileRequests(server, subject.id, requested, granted);

  const isPartial =
    previous !== undefined && !requested.every((one) => holds(answer, toRequests(server, subject.id, one)));
  if (answer.length === 0 || isPartial)
    throw new Fault(403, 'access_denied', isSubmitted ? 'request_submitted' : 'not_authorized');
  return respond(provider, form.get('response_mode'), { server, identified, answer, previous, issuer });
}

/** @throws {Fault} 403 for a token that this provider did not sign */
async function readPrevious(
  { keys }: Provider,
  form: URLSearchParams,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = form.get('rpt');
  if (text === null) return undefined;
  const claims = await keys.verify(text);
  if (claims === undefined) throw new Fault(403, 'invalid_rpt', 'RPT signature is invalid');
  return claims;
}

/** @throws {Fault} 400 */
function requireServer(provider: Provider, clientId: string | undefined): ResourceServer {
  if (clientId === undefined) throw invalidRequest('You must provide the issuedFor');
  const client = provider.realm.client(clientId);
  if (client === undefined) throw invalidRequest(`Unknown resource server id: [${clientId}]`);
  const server = provider.resourceServers.of(client);
  if (server === undefined) throw invalidRequest('Client does not support permissions');
  return server;
}

/** Adds the permissions of the previous token to the question. */
function resolveWith(
  permissions: readonly PermissionText[],
  previous: Readonly<Record<string, unknown>> | undefined,
  context: Parameters<typeof resolvePermissions>[1],
): RequestedPermission[] {
  const requests = resolvePermissions(permissions, context);
  for (const { rsid = '', scopes = [] } of permissionsIn(previous)) {
    const resource = context.server.resources.get(rsid);
    if (resource === undefined) continue;
    const known = requests.get(rsid);
    requests.set(rsid, { ...known, resource, scopes: [...new Set([...(known?.scopes ?? []), ...scopes])] });
  }
  return [...requests.values()];
}

function toRequests(
  { resources, clientId }: ResourceServer,
  subjectId: string,
  { resource, scopes }: PermissionText,
): PermissionClaim {
  const all = [...resources.values()].filter(({ name }) => name === resource);
  const byName =
    all.find(({ ownerId }) => ownerId === clientId) ?? all.find(({ ownerId }) => ownerId === subjectId);
  const rsid = byName?.id ?? resource;
  return { ...(rsid === undefined ? {} : { rsid }), scopes };
}

interface Outcome {
  readonly server: ResourceServer;
  readonly identified: Identified;
  readonly answer: readonly PermissionClaim[];
  readonly previous: Readonly<Record<string, unknown>> | undefined;
  readonly issuer: string;
}

/** @throws {Fault} 400 for an unknown mode */
async function respond(
  provider: Provider,
  mode: string | null,
  { server, identified, answer, previous, issuer }: Outcome,
): Promise<unknown> {
  if (mode === 'decision') return { result: true };
  if (mode === 'permissions') return answer;
  if (mode !== null) throw invalidRequest('Invalid response_mode');
  const target = provider.realm.client(server.name) as NonNullable<ReturnType<Provider['realm']['client']>>;
  const upgraded = previous !== undefined && permissionsIn(previous).every((one) => holds(answer, one));
  const tokens = await issueRequestingPartyToken(provider, identified.token, target, answer, issuer);
  return { upgraded, ...tokens };
}
