import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../fault.ts';
import { allowOriginsOf, bearerOf, issuerOf } from '../http/headers.ts';
import { endSession } from '../provider/end-session.ts';
import type { Route } from '../provider/route.ts';
import { type GoodToken, readToken, rolesOfToken } from '../tokens/read-access-token.ts';
import { isLightweight } from '../tokens/scopes.ts';

/** The profile endpoint of Keycloak's account API, which `loadUserProfile` of keycloak-js calls. */
export const accountProfileRoute: Route = {
  endpoint: 'account',
  path: '/account',
  methods: ['GET'],
  preflight: ['HEAD', 'DELETE', 'POST', 'GET', 'OPTIONS', 'PUT'],
  async handler({ provider, request, reply }) {
    // There is no account console here: a browser gets Keycloak's answer for that.
    if (!request.headers.accept?.includes('application/json')) throw new Fault(404, 'HTTP 404 Not Found');
    const reading = await readAccountToken(request);
    if (reading.session === undefined) throw new Fault(401, 'HTTP 401 Unauthorized');
    allowOriginsOf(reading.client, request, reply);
    reply.removeHeader('access-control-expose-headers');
    const roles = rolesOfToken(provider.realm, reading).client.get('account');
    if (!roles?.has('view-profile') && !roles?.has('manage-account'))
      throw new Fault(403, 'HTTP 403 Forbidden');
    const { id, username, firstName, lastName, email, emailVerified } = reading.user;
    return reply
      .header('cache-control', 'no-cache')
      .type('application/json;charset=UTF-8')
      .send({ id, username, firstName, lastName, email, emailVerified });
  },
};

/** @throws {Fault} 401 */
async function readAccountToken(request: FastifyRequest): Promise<GoodToken> {
  const reading = await readToken(request.provider, bearerOf(request) ?? '', issuerOf(request), ['Bearer']);
  // A lightweight token has no audience; Keycloak computes the one it would have.
  const isForAccount =
    'claims' in reading && (isLightweight(reading.client) || [reading.claims.aud].flat().includes('account'));
  if (!isForAccount) throw new Fault(401, 'HTTP 401 Unauthorized');
  return reading;
}

/** The calls of Keycloak's account API by which users end a session of their own, or all others with `?current=false`. */
export function addAccountSessions(app: FastifyInstance): void {
  for (const path of ['/account/sessions', '/account/sessions/:id'])
    app.delete(path, { config: { endpoint: 'logout' } }, endOwnSessions);
}

async function endOwnSessions(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { provider } = request;
  const reading = await readAccountToken(request);
  if (!rolesOfToken(provider.realm, reading).client.get('account')?.has('manage-account'))
    throw new Fault(403, 'HTTP 403 Forbidden');
  const { id } = request.params as { id?: string };
  const { current } = request.query as { current?: string };
  const own = provider.sessions.ofUser(reading.user.id);
  const ended = own.filter((one) =>
    id === undefined ? current === 'true' || one.id !== reading.claims.sid : one.id === id,
  );
  for (const session of ended) await endSession(provider, session, issuerOf(request));
  return reply.code(204).send();
}
