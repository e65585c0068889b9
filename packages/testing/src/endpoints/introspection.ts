import { authenticateClient } from '../client-auth/authenticate-client.ts';
import { Fault, invalidRequest } from '../fault.ts';
import { field, formOf } from '../http/bodies.ts';
import { issuerOf } from '../http/headers.ts';
import type { Provider } from '../provider/provider.ts';
import type { Route } from '../provider/route.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import { type Claims, contextOf } from '../tokens/issue.ts';
import { applyMappers } from '../tokens/mappers.ts';
import { type GoodToken, readToken } from '../tokens/read-access-token.ts';
import { mappersOf, toGranted } from '../tokens/scopes.ts';
import { permissionsIn } from '../uma/uma-ticket.ts';

const WRONG_SECRET = {
  wrongSecret: () => new Fault(401, 'invalid_client', 'Client authentication failed.'),
};

/** Claims that an answer copies from the token. Mappers add the rest, with current values. */
const KEPT = ['exp', 'iat', 'jti', 'iss', 'aud', 'sub', 'typ', 'azp', 'nonce', 'sid', 'scope', 'cnf'];

const RPT_HINT = 'requesting_party_token';
const HINTS: ReadonlySet<string> = new Set(['access_token', 'refresh_token', RPT_HINT]);

/** RFC 7662. A token is active only for a client that is in its audience (Keycloak 26.6.2 and later). */
export const introspectionRoute: Route = {
  endpoint: 'introspection',
  path: '/protocol/openid-connect/token/introspect',
  methods: ['POST'],
  async handler({ provider, request, reply }) {
    const form = formOf(request);
    const client = await authenticateClient(provider, request, WRONG_SECRET);
    if (client.isPublic) throw new Fault(403, 'invalid_request', 'Client not allowed.');
    const token = field(form, 'token');
    if (token === undefined) throw invalidRequest('Token not provided.');
    const hint = field(form, 'token_type_hint') ?? 'access_token';
    if (!HINTS.has(hint)) throw invalidRequest('Unsupported token type.');
    const issuer = issuerOf(request);
    reply.header('cache-control', 'no-cache');
    if (hint === 'refresh_token') {
      const types = ['Refresh', 'Offline'];
      const reading = await readToken(provider, token, issuer, types, provider.keys.verifyInternal);
      // Only its own client may introspect a refresh token, whatever audience the mappers add.
      const own = 'client' in reading && reading.client.clientId === client.clientId;
      return reply.send(own ? describe(provider, reading) : INACTIVE);
    }
    const reading = await readToken(provider, token, issuer, ['Bearer', 'DPoP', 'ID']);
    if ('problem' in reading) return reply.send(INACTIVE);
    const answer = describe(provider, reading);
    // Mappers add the answer's audience, which a token for one resource lacks in part and a lightweight token altogether.
    const source = reading.claims.aud === undefined ? answer : reading.claims;
    if (!mayIntrospect(source, client)) return reply.send(INACTIVE);
    return reply.send(hint === RPT_HINT ? describePermissions(reading) : answer);
  },
};

const INACTIVE = { active: false };

/** The permissions of an RPT (UMA 2.0 Federated Authorization §5.1), without its user. */
function describePermissions({ claims }: GoodToken): Claims {
  const { exp, iat, jti, aud, typ, acr, authorization } = claims;
  const permissions = permissionsIn(claims).map((one) => ({
    ...one,
    resource_id: one.rsid,
    resource_scopes: one.scopes,
  }));
  return {
    ...{ exp, iat, jti, aud, typ, acr },
    ...(authorization === undefined ? {} : { permissions }),
    active: true,
  };
}

function describe(provider: Provider, reading: GoodToken): Claims {
  const { claims, client, user, session } = reading;
  const granted = toGranted(
    provider.realm,
    [...String(claims.scope ?? '').split(' '), ...client.defaultScopes],
    user,
  );
  const answer: Claims = Object.fromEntries(
    KEPT.flatMap((name) => (name in claims ? [[name, claims[name]]] : [])),
  );
  applyMappers(
    'introspection',
    answer,
    mappersOf(client, granted),
    contextOf(provider, {
      ...{ client, user, session, scopes: granted },
      notes: session ? {} : { client_id: client.clientId },
    }),
  );
  const audience = [answer.aud ?? []].flat() as string[];
  if (audience.length === 1) answer.aud = audience[0];
  answer.client_id = client.clientId;
  answer.username = user.username;
  answer.token_type = claims.typ;
  answer.active = true;
  return answer;
}

function mayIntrospect({ aud }: Claims, client: Client): boolean {
  const audience = [aud ?? []].flat() as string[];
  return (
    audience.includes(client.clientId) || hasFlag(client, 'allow.token.introspection.without.audience.check')
  );
}
