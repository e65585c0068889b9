import type { FastifyInstance } from 'fastify';
import { Fault, invalidRequest } from '../fault.ts';
import { authenticateClient } from '../http/client-auth.ts';
import { field, formOf } from '../http/form.ts';
import { issuerOf } from '../http/issuer.ts';
import { addRoute } from '../http/route.ts';
import type { Provider } from '../provider.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import { type Claims, contextOf } from '../tokens/issue.ts';
import { applyMappers } from '../tokens/mappers.ts';
import { readToken, type TokenReading } from '../tokens/read-access-token.ts';
import { mappersOf, toGranted } from '../tokens/scopes.ts';

const WRONG_SECRET = {
  wrongSecret: () => new Fault(401, 'invalid_client', 'Client authentication failed.'),
};

/** Claims an answer takes from the token; the mappers give the rest, as they are now. */
const KEPT = ['exp', 'iat', 'jti', 'iss', 'aud', 'sub', 'typ', 'azp', 'nonce', 'sid', 'scope', 'cnf'];

/** RFC 7662. A token is active only for a client that is in its audience (Keycloak 26.6.2 and later). */
export function addIntrospection(app: FastifyInstance, provider: Provider): void {
  addRoute(app, {
    endpoint: 'introspection',
    path: '/protocol/openid-connect/token/introspect',
    methods: ['POST'],
    async handler(request, reply) {
      const form = formOf(request);
      const client = authenticateClient(provider.realm, request, WRONG_SECRET);
      if (client.isPublic) throw new Fault(403, 'invalid_request', 'Client not allowed.');
      const token = field(form, 'token');
      if (token === undefined) throw invalidRequest('Token not provided.');
      const hint = field(form, 'token_type_hint') ?? 'access_token';
      if (hint !== 'access_token' && hint !== 'refresh_token')
        throw invalidRequest('Unsupported token type.');
      const issuer = issuerOf(request);
      const reading =
        hint === 'access_token'
          ? await readToken(provider, token, issuer, ['Bearer', 'DPoP', 'ID'])
          : await readToken(provider, token, issuer, ['Refresh', 'Offline'], provider.keys.verifyInternal);
      reply.header('cache-control', 'no-cache');
      return reply.send(describe(provider, reading, client));
    },
  });
}

function describe(provider: Provider, reading: TokenReading, asking: Client): Claims {
  if ('problem' in reading) return { active: false };
  const { claims, client, user, session } = reading;
  const granted = toGranted(provider.realm, [
    ...String(claims.scope ?? '').split(' '),
    ...client.defaultScopes,
  ]);
  const answer: Claims = Object.fromEntries(
    KEPT.flatMap((name) => (name in claims ? [[name, claims[name]]] : [])),
  );
  applyMappers(
    'introspection',
    answer,
    mappersOf(client, granted),
    contextOf(provider, { client, user, session, notes: session ? {} : { client_id: client.clientId } }),
  );
  const audience = [answer.aud ?? []].flat() as string[];
  if (!mayAsk(audience, asking)) return { active: false };
  if (audience.length === 1) answer.aud = audience[0];
  answer.client_id = client.clientId;
  answer.username = user.username;
  answer.token_type = claims.typ;
  answer.active = true;
  return answer;
}

function mayAsk(audience: readonly string[], asking: Client): boolean {
  return (
    audience.includes(asking.clientId) || hasFlag(asking, 'allow.token.introspection.without.audience.check')
  );
}
