import type { FastifyRequest } from 'fastify';
import type { ResourceServer } from '../authz/model.ts';
import type { Subject } from '../authz/policies.ts';
import { authenticateClient } from '../client-auth/authenticate-client.ts';
import { Fault, invalidGrant, invalidRequest } from '../fault.ts';
import { clientCredentialsGrant } from '../grants/grants.ts';
import { formOf } from '../http/bodies.ts';
import { allowOriginsOf, bearerOf, issuerOf } from '../http/headers.ts';
import type { Provider } from '../provider/provider.ts';
import type { Exchange } from '../provider/route.ts';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { RoleSet } from '../realm/roles.ts';
import type { User } from '../realm/user.ts';
import { type Claims, type GoodToken, readToken, rolesOfToken } from '../tokens/issue.ts';
import { type PushedClaims, readClaimToken } from './permission-request.ts';

const ID_TOKEN_FORMAT = 'http://openid.net/specs/openid-connect-core-1_0.html#IDToken';

/** The client that asks, and the token of the subject. */
interface Requester {
  readonly client: Client;
  readonly subjectToken: string;
}

/**
 * Accepts the bearer token of any client. Without one, the client authenticates and asks for a token that it sends, or for
 * itself.
 *
 * @throws {Fault} 400 `invalid_grant` for a bad bearer token, 401 for the client
 */
export async function readRequester({ provider, request, reply }: Exchange): Promise<Requester> {
  const bearer = bearerOf(request);
  if (bearer !== undefined) {
    const reading = await readToken(provider, bearer, issuerOf(request), ['Bearer']);
    if ('client' in reading) {
      allowOriginsOf(reading.client, request, reply);
      return { client: reading.client, subjectToken: bearer };
    }
    const claims = await provider.keys.verify(bearer);
    const issuedFor = provider.realm.client(String(claims?.azp));
    if (issuedFor !== undefined) allowOriginsOf(issuedFor, request, reply);
    throw invalidGrant('Invalid bearer token');
  }
  const client = await authenticateClient(provider, request);
  if (client.bearerOnly) throw new Fault(400, 'invalid_client', 'Bearer-only not allowed');
  allowOriginsOf(client, request, reply);
  const form = formOf(request);
  const formToken = form.get('subject_token');
  if (formToken !== null) return { client, subjectToken: formToken };
  const issuer = issuerOf(request);
  const own = await clientCredentialsGrant({ provider, request, form, client, issuer, jkt: undefined });
  return { client, subjectToken: String(own.access_token) };
}

/** The subject of a token. A service account counts as its client. */
function subjectOf({ realm }: Pick<Provider, 'realm'>, token: GoodToken): Subject {
  const { claims, client, user } = token;
  const isServiceAccount = isAccountOf(realm, client, user);
  const tokenRoles = rolesOfToken(realm, token);
  return {
    id: isServiceAccount ? client.id : user.id,
    username: user.username,
    isServiceAccount,
    attributes: toAttributes(claims, tokenRoles),
    tokenRoles,
    roles: realm.rolesOf(user),
    groups: realm.groupsOf(user).map(({ path }) => path),
  };
}

function isAccountOf(realm: Realm, client: Client, user: User): boolean {
  return client.serviceAccounts && realm.serviceAccountOf(client).id === user.id;
}

/** Every claim as texts, objects as JSON, and the roles under Keycloak's names. */
function toAttributes(claims: Claims, roles: RoleSet): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(claims)) {
    const texts = (Array.isArray(value) ? value : [value]).map(toText);
    if (texts.length > 0 && (Array.isArray(value) || texts[0] !== '')) attributes.set(name, texts);
  }
  if (roles.realm.size > 0) attributes.set('kc.realm.roles', [...roles.realm]);
  for (const [clientId, names] of roles.client) attributes.set(`kc.client.${clientId}.roles`, [...names]);
  return attributes;
}

const toText = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');

const JWT_FORMAT = 'urn:ietf:params:oauth:token-type:jwt';

/** The subject, and the claims that were pushed. */
export interface Identified {
  readonly token: GoodToken;
  readonly subject: Subject;
  readonly claims: PushedClaims;
}

/**
 * Reads the claims for the policies. In Keycloak a claim token without a format is the subject's ID token, which this provider
 * does not take.
 *
 * @throws {Fault} 400 `invalid_request` or `unauthorized_client`
 */
export async function identify(
  provider: Provider,
  form: URLSearchParams,
  requester: Requester,
  issuer: string,
): Promise<Identified> {
  const format = form.get('claim_token_format') ?? (form.has('claim_token') ? ID_TOKEN_FORMAT : JWT_FORMAT);
  if (format !== JWT_FORMAT) throw invalidRequest(`Claim token format [${format}] not supported`);
  const claims = readClaimToken(form.get('claim_token'));
  const token = await readToken(provider, requester.subjectToken, issuer, ['Bearer']);
  if ('problem' in token) throw new Fault(400, 'unauthorized_client', 'Invalid identity');
  return { token, subject: subjectOf(provider, token), claims };
}

/** The caller of the protection API. */
export interface ProtectionCaller {
  /** The client that the token was issued to. */
  readonly server: ResourceServer;
  /** Id of the client itself, or of a user. */
  readonly id: string;
  /** Whether the client itself calls, by its service account. */
  readonly isServer: boolean;
  readonly claims: Claims;
}

/**
 * @param needsRole whether a user needs the client role `uma_protection`
 * @throws {Fault} 403
 */
export async function findCaller(
  provider: Provider,
  request: FastifyRequest,
  needsRole: boolean,
): Promise<ProtectionCaller> {
  const bearer = bearerOf(request);
  const token = bearer && (await readToken(provider, bearer, issuerOf(request), ['Bearer']));
  if (!token || 'problem' in token)
    throw new Fault(403, 'invalid_bearer_token', 'Could not obtain bearer access_token from request.');
  const { clientId } = token.client;
  const server = provider.resourceServers.of(token.client);
  if (server === undefined) {
    const text = `Client application [${clientId}] is not registered as a resource server.`;
    throw new Fault(403, 'invalid_clientId', text);
  }
  const { id, isServiceAccount, tokenRoles } = subjectOf(provider, token);
  if (needsRole && !isServiceAccount && tokenRoles.client.get(clientId)?.has('uma_protection') !== true)
    throw new Fault(403, 'invalid_scope', 'Requires uma_protection scope.');
  return { server, id, isServer: isServiceAccount, claims: token.claims };
}

/** Keycloak's answer for an unknown path. */
export const notFound = () => new Fault(404, 'HTTP 404 Not Found');

/** One call to the protection API. */
export interface ProtectionCall {
  readonly provider: Provider;
  readonly request: FastifyRequest;
  readonly caller: ProtectionCaller;
  /** Id in the path; empty if there is none. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** The body. */
  readonly text: string;
}

/** Status, and the body's JSON if there is one. */
export interface ProtectionAnswer {
  readonly status: number;
  readonly json?: unknown;
}

/** The part of a list that `first` and `max` ask for. Default 100 entries. */
export function pageOf<T>(all: readonly T[], query: URLSearchParams): readonly T[] {
  const first = Math.max(numberOf(query, 'first', 0), 0);
  const max = numberOf(query, 'max', 100);
  return all.slice(first, max < 0 ? undefined : first + max);
}

/** @throws {Fault} 404 if it is not a number, as for an unknown path */
function numberOf(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null || text === '') return otherwise;
  if (!/^-?\d{1,9}$/.test(text)) throw notFound();
  return Number(text);
}
