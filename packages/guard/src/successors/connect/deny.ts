import { AuthorizationError } from '../../client/index.ts';
import { buildChallenge } from '../../core/internal.ts';
import { toAuthError } from './refusal.ts';
import { type ConnectRequest, type ConnectResponse, kauthOf } from './request.ts';
import { readBearer } from './stores.ts';

/**
 * Answers 403 if the caller is known, 401 with a challenge if not, 503 if Keycloak does not answer and 500 if this client is
 * set up wrongly. The body is keycloak-connect's.
 *
 * @see RFC 6750 §3, §3.1
 */
export function denyAccess(request: ConnectRequest, response: ConnectResponse): void {
  const { grant, error } = kauthOf(request);
  const refusal = toAuthError(error);
  if (refusal !== undefined) {
    send(response, refusal.statusCode, refusal.headers);
  } else if (grant !== undefined) {
    send(response, 403, readBearer(request) === undefined ? {} : CHALLENGE);
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
