import { AuthorizationError } from '../client/index.ts';
import { buildChallenge } from '../core/index.ts';
import { toAuthError } from './refusal.ts';
import { type ConnectRequest, type ConnectResponse, kauthOf } from './request.ts';
import { readBearer } from './stores.ts';

/**
 * 403 where it is known who is calling, 401 with a challenge where it is not, 503 and 500 where Keycloak, or what is set up
 * here, could not tell. The body is keycloak-connect's, and says nothing more.
 *
 * @see RFC 6750 §3, §3.1
 */
export function denyAccess(request: ConnectRequest, response: ConnectResponse): void {
  const { grant, error } = kauthOf(request);
  const refusal = toAuthError(error);
  if (grant !== undefined) {
    send(response, 403, readBearer(request) === undefined ? {} : CHALLENGE);
  } else if (refusal !== undefined) {
    send(response, refusal.statusCode, refusal.headers);
  } else if (error instanceof AuthorizationError) {
    send(response, 403, {});
  } else {
    send(response, 401, { 'www-authenticate': buildChallenge() });
  }
}

const CHALLENGE = { 'www-authenticate': buildChallenge({ error: 'insufficient_scope' }) };

function send(response: ConnectResponse, status: number, headers: Readonly<Record<string, string>>): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end('Access denied');
}
