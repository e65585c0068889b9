import { Fault } from '../fault.ts';
import { bearerOf } from '../http/bearer.ts';
import { allowOriginsOf } from '../http/cors.ts';
import { issuerOf } from '../http/issuer.ts';
import type { Route } from '../http/route.ts';
import { type GoodToken, readToken } from '../tokens/read-access-token.ts';
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
    const reading = await readToken(provider, bearerOf(request) ?? '', issuerOf(request), ['Bearer']);
    if ('problem' in reading || reading.session === undefined || !isForAccount(reading)) {
      throw new Fault(401, 'HTTP 401 Unauthorized');
    }
    allowOriginsOf(reading.client, request, reply);
    reply.removeHeader('access-control-expose-headers');
    const roles = provider.realm.rolesInScope(reading.user, reading.client).client.get('account');
    if (!roles?.has('view-profile') && !roles?.has('manage-account')) {
      throw new Fault(403, 'HTTP 403 Forbidden');
    }
    const { id, username, firstName, lastName, email, emailVerified } = reading.user;
    return reply
      .header('cache-control', 'no-cache')
      .type('application/json;charset=UTF-8')
      .send({ id, username, firstName, lastName, email, emailVerified });
  },
};

/** A lightweight token has no audience; Keycloak computes the one it would have. */
function isForAccount({ claims, client }: GoodToken): boolean {
  return isLightweight(client) || [claims.aud].flat().includes('account');
}
