import { Fault, invalidRequest } from '../../fault.ts';
import { formOf } from '../../http/form.ts';
import { issuerOf } from '../../http/issuer.ts';
import type { Exchange } from '../../http/route.ts';
import type { Provider } from '../../provider.ts';
import type { AskedPermission } from '../evaluation/evaluate.ts';
import { evaluate } from '../evaluation/evaluate.ts';
import type { ResourceServer } from '../resource-servers.ts';
import { fileRequests } from '../tickets.ts';
import { findAsker } from './asker.ts';
import { holds, type PermissionClaim, permissionsIn, toPermissionClaims } from './granted-permissions.ts';
import { type Identified, identify } from './identify.ts';
import { type AskedText, readLimit, readPermissions } from './permission-form.ts';
import { readTicket } from './permission-ticket.ts';
import { withoutReserved } from './pushed-claims.ts';
import { toContext } from './request-context.ts';
import { issueRequestingPartyToken } from './requesting-party-token.ts';
import { resolveAll, resolvePermissions } from './resolve-permissions.ts';

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
  const asker = await findAsker(exchange);
  const previous = await readPrevious(provider, form);
  const limit = readLimit(form);
  const audience = form.get('audience') ?? undefined;
  const named = readPermissions(form, serverOf(provider, audience));
  const ticketText = form.get('ticket');
  if (form.has('claim_token') && asker.client.isPublic && ticketText === null) {
    throw new Fault(403, 'invalid_grant', 'Public clients are not allowed to send claims');
  }
  const ticket = ticketText === null ? undefined : await readTicket(provider, ticketText);
  const identified = await identify(provider, form, asker, issuer);
  const server = requireServer(provider, ticket?.audience ?? audience);
  const asked = ticket?.asked ?? named;
  // Claims of the ticket override those of the request.
  const claims = withoutReserved({ ...identified.claims, ...ticket?.claims });
  const { subject } = identified;
  const asking = { server, subject, moreScopes: form.get('scope')?.split(' ') ?? [], limit };
  const question = { subject, context: toContext(provider, request, identified.token.client, claims) };

  const isForAll = ticket === undefined && asked.length === 0 && previous === undefined;
  const permissions = isForAll ? resolveAll(asking) : resolveWith(asked, previous, asking);
  const granted = evaluate(server, question, permissions);
  const withNames = (form.get('response_include_resource_name') ?? 'true').toLowerCase() === 'true';
  const answer = toPermissionClaims(granted, claims, withNames);
  const isSubmitted = ticket !== undefined && (form.get('submit_request') ?? 'true').toLowerCase() === 'true';
  if (isSubmitted) fileRequests(server, subject.id, asked, granted);

  const isPartial =
    previous !== undefined && !asked.every((one) => holds(answer, toWanted(server, subject.id, one)));
  if (answer.length === 0 || isPartial) {
    throw new Fault(403, 'access_denied', isSubmitted ? 'request_submitted' : 'not_authorized');
  }
  return respond(provider, form.get('response_mode'), { server, identified, answer, previous, issuer });
}

type Claims = Readonly<Record<string, unknown>>;

/** @throws {Fault} 403 for a token that this provider did not sign */
async function readPrevious({ keys }: Provider, form: URLSearchParams): Promise<Claims | undefined> {
  const text = form.get('rpt');
  if (text === null) return undefined;
  const claims = await keys.verify(text);
  if (claims === undefined) throw new Fault(403, 'invalid_rpt', 'RPT signature is invalid');
  return claims;
}

function serverOf({ realm, resourceServers }: Provider, clientId: string | undefined) {
  const client = clientId === undefined ? undefined : realm.client(clientId);
  return client && resourceServers.of(client);
}

/** @throws {Fault} 400 */
function requireServer(provider: Provider, clientId: string | undefined): ResourceServer {
  if (clientId === undefined) throw invalidRequest('You must provide the issuedFor');
  if (provider.realm.client(clientId) === undefined) {
    throw invalidRequest(`Unknown resource server id: [${clientId}]`);
  }
  const server = serverOf(provider, clientId);
  if (server === undefined) throw invalidRequest('Client does not support permissions');
  return server;
}

/** Adds the permissions of the previous token to the question. */
function resolveWith(
  asked: readonly AskedText[],
  previous: Claims | undefined,
  asking: Parameters<typeof resolvePermissions>[1],
): AskedPermission[] {
  const found = resolvePermissions(asked, asking);
  for (const { rsid = '', scopes = [] } of permissionsIn(previous)) {
    const resource = asking.server.resources.get(rsid);
    if (resource === undefined || (!found.has(rsid) && found.size >= asking.limit)) continue;
    const known = found.get(rsid);
    found.set(rsid, { ...known, resource, scopes: [...new Set([...(known?.scopes ?? []), ...scopes])] });
  }
  return [...found.values()];
}

function toWanted(
  { resources, clientId }: ResourceServer,
  subjectId: string,
  { resource, scopes }: AskedText,
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
  readonly previous: Claims | undefined;
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
