import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { type DecisionModel, findByUri } from '../authz/model.ts';
import type { RequestContext } from '../authz/policies.ts';
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
 * @param model the resources, if they are asked for by path
 * @throws {Fault} 400 for a path that no resource has, 500 where Keycloak fails
 */
export function readPermissions(form: URLSearchParams, model: DecisionModel | undefined): PermissionText[] {
  const texts = form.getAll('permission');
  const format = form.get('permission_resource_format') ?? 'id';
  const permissions: PermissionText[] = [];
  const add = (resource: string | undefined, scopes: readonly string[]) => {
    const at = resource === undefined ? -1 : permissions.findIndex((one) => one.resource === resource);
    const known = permissions[at];
    if (known === undefined) permissions.push({ resource, scopes });
    else permissions[at] = { resource, scopes: [...new Set([...known.scopes, ...scopes])] };
  };
  if (format !== 'id' && format !== 'uri') return permissions;
  for (const text of texts) {
    const [name, scopeText] = splitAsJava(text, '#');
    if (name === undefined) throw unexpected();
    const scopes = scopeText === undefined ? [] : splitAsJava(scopeText, ',');
    if (format === 'id') {
      add(name === '' ? undefined : name, scopes);
      continue;
    }
    if (name === '' && scopeText === undefined) throw invalidRequest('You must provide the uri');
    if (name === '') {
      add(undefined, scopes);
      break;
    }
    if (model === undefined) throw unexpected();
    const isPattern = form.get('permission_resource_matching_uri')?.toLowerCase() === 'true';
    const resources = findByUri(model, name, isPattern);
    if (resources.length === 0)
      throw new Fault(400, 'invalid_resource', `Resource with uri [${name}] does not exist.`);
    for (const { id } of resources) add(id, scopes);
  }
  return permissions;
}

/** @throws {Fault} 500 if it is not a number */
export function readLimit(form: URLSearchParams): number {
  const text = form.get('response_permissions_limit');
  if (text === null) return Number.POSITIVE_INFINITY;
  if (!/^[+-]?\d{1,10}$/.test(text)) throw unexpected();
  return Number(text);
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
