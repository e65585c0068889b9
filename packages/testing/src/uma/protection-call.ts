import type { FastifyRequest } from 'fastify';
import type { ResourceServer } from '../authz/model.ts';
import { Fault } from '../fault.ts';
import { bearerOf, issuerOf } from '../http/headers.ts';
import type { Provider } from '../provider/provider.ts';
import type { Claims } from '../tokens/issue.ts';
import { readToken } from '../tokens/read-access-token.ts';
import { subjectOf } from './requester.ts';

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
