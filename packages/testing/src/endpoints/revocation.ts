import { authenticateClient } from '../client-auth/authenticate-client.ts';
import { Fault, invalidRequest } from '../fault.ts';
import { field, formOf } from '../http/bodies.ts';
import { allowCaller, allowOriginsOf, issuerOf } from '../http/headers.ts';
import type { Route } from '../provider/route.ts';
import { readToken } from '../tokens/read-access-token.ts';

/** RFC 7009. Revoking a refresh token ends the client's part of the session; an access token ends alone. */
export const revocationRoute: Route = {
  endpoint: 'revocation',
  path: '/protocol/openid-connect/revoke',
  methods: ['POST'],
  async handler({ provider, request, reply }) {
    const { keys, sessions, clock } = provider;
    allowCaller(request, reply);
    const client = await authenticateClient(provider, request);
    allowOriginsOf(client, request, reply);
    const form = formOf(request);
    const token = field(form, 'token');
    if (token === undefined) throw invalidRequest('Token not provided');
    const access = await keys.verify(token);
    const claims = access ?? (await keys.verifyInternal(token));
    if (claims === undefined || claims.iss !== issuerOf(request)) return reply.send(INVALID);
    if (!['Bearer', 'DPoP', 'Refresh', 'Offline'].includes(String(claims.typ)))
      throw new Fault(400, 'unsupported_token_type', 'Unsupported token type');
    if (claims.azp !== client.clientId) throw invalidRequest('Unmatching clients');
    if (access !== undefined) {
      sessions.revoke(String(claims.jti), Number(claims.exp ?? clock.seconds()));
      provider.events.recordUser({
        ...{ type: 'REVOKE_GRANT', clientId: client.clientId, userId: String(claims.sub) },
        ...{ ipAddress: request.ip, details: { token_id: String(claims.jti) } },
      });
      return reply.code(200).send();
    }
    const types = [String(claims.typ)];
    const reading = await readToken(provider, token, issuerOf(request), types, keys.verifyInternal);
    if ('problem' in reading || reading.session === undefined) return reply.send(INVALID);
    delete reading.session.clients[client.clientId];
    if (Object.keys(reading.session.clients).length === 0 && reading.session.cookie === undefined)
      sessions.end(reading.session);
    return reply.code(200).send();
  },
};

const INVALID = { error: 'invalid_token', error_description: 'Invalid token' };
