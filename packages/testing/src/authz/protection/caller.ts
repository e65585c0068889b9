import type { FastifyRequest } from 'fastify';
import { Fault } from '../../fault.ts';
import { bearerOf } from '../../http/bearer.ts';
import { issuerOf } from '../../http/issuer.ts';
import type { Provider } from '../../provider.ts';
import type { Claims } from '../../tokens/issue.ts';
import { readToken } from '../../tokens/read-access-token.ts';
import { subjectOf } from '../grant/subject-of.ts';
import type { ResourceServer } from '../resource-servers.ts';

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
  if (!token || 'problem' in token) {
    throw new Fault(403, 'invalid_bearer_token', 'Could not obtain bearer access_token from request.');
  }
  const { clientId } = token.client;
  const server = provider.resourceServers.of(token.client);
  if (server === undefined) {
    const text = `Client application [${clientId}] is not registered as a resource server.`;
    throw new Fault(403, 'invalid_clientId', text);
  }
  const { id, isServiceAccount, tokenRoles } = subjectOf(provider, token);
  if (needsRole && !isServiceAccount && tokenRoles.client.get(clientId)?.has('uma_protection') !== true) {
    throw new Fault(403, 'invalid_scope', 'Requires uma_protection scope.');
  }
  return { server, id, isServer: isServiceAccount, claims: token.claims };
}

/** Keycloak's answer for an unknown path. */
export const notFound = () => new Fault(404, 'HTTP 404 Not Found');
