import type { FastifyReply, FastifyRequest } from 'fastify';
import { authenticateClient } from '../client-auth/authenticate-client.ts';
import { ASYMMETRIC } from '../client-auth/client-keys.ts';
import { Fault, invalidGrant, invalidRequest } from '../fault.ts';
import { field, formOf, refuseDuplicates } from '../http/bodies.ts';
import { allowCaller, allowOriginsOf, issuerOf } from '../http/headers.ts';
import type { Provider } from '../provider/provider.ts';
import type { Exchange, Route } from '../provider/route.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import { addClaims, type Claims, type GoodToken, readToken } from '../tokens/issue.ts';
import { isStillMember } from '../tokens/organization-scope.ts';
import { isLightweight, toGranted } from '../tokens/scopes.ts';

/** Claims that an answer copies from the token. Mappers add the rest, with current values. */
const KEPT = ['exp', 'iat', 'jti', 'iss', 'aud', 'sub', 'typ', 'azp', 'nonce', 'sid', 'scope', 'cnf'];

/** RFC 7662. A token is active only for a client that is in its audience (Keycloak 26.6.2 and later). */
export const introspectionRoute: Route = {
  endpoint: 'introspection',
  path: '/protocol/openid-connect/token/introspect',
  methods: ['POST'],
  async handler({ provider, request, reply }) {
    const form = formOf(request);
    const client = await authenticateClient(
      provider,
      request,
      new Fault(401, 'invalid_client', 'Client authentication failed.'),
    );
    if (client.isPublic) throw new Fault(403, 'invalid_request', 'Client not allowed.');
    refuseDuplicates(form);
    const token = field(form, 'token');
    if (token === undefined) throw invalidRequest('Token not provided.');
    const hint = field(form, 'token_type_hint') ?? 'access_token';
    if (hint !== 'access_token' && hint !== 'refresh_token') throw invalidRequest('Unsupported token type.');
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
    if (!isStillMember(provider.realm, partOf(reading), reading.user))
      throw invalidRequest('Failed to introspect token.');
    const answer = describe(provider, reading);
    // Mappers add the answer's audience, which a token for one resource lacks in part and a lightweight token altogether.
    const source = reading.claims.aud === undefined ? answer : reading.claims;
    if (!mayIntrospect(source, client)) return reply.send(INACTIVE);
    return reply.send(answer);
  },
};

const INACTIVE = { active: false };

function describe(provider: Provider, reading: GoodToken): Claims {
  const { claims, client, user, session } = reading;
  const answer: Claims = Object.fromEntries(
    KEPT.flatMap((name) => (name in claims ? [[name, claims[name]]] : [])),
  );
  const notes = session ? {} : { client_id: client.clientId };
  addClaims('introspection', answer, provider, { ...reading, notes, scopes: scopesOf(provider, reading) });
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

/** OpenID Connect Core §5.3. Errors have an empty body; only `WWW-Authenticate` says what is wrong. */
export const userinfoRoute: Route = {
  endpoint: 'userinfo',
  path: '/protocol/openid-connect/userinfo',
  methods: ['GET', 'POST'],
  preflight: ['GET', 'HEAD', 'OPTIONS'],
  async handler(exchange) {
    const { provider, request, reply } = exchange;
    reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
    const [, scheme = '', header] = /^(bearer|dpop) (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const bound = scheme.toLowerCase() === 'dpop';
    const challenge = refusal(provider, reply, bound);
    const posted = field(formOf(request), 'access_token');
    if (header !== undefined && posted !== undefined)
      return challenge(400, 'invalid_request', 'More than one method used for including an access token');
    const token = header ?? posted;
    if (token === undefined) return challenge(401);
    if (bound && !(await hasProof(provider, request, token)))
      return challenge(401, 'invalid_token', 'Token verification failed');
    return answer(exchange, token, bound, challenge);
  },
};

type Challenge = (status: number, error?: string, description?: string) => FastifyReply;

/** The proof must be for this request, this token, and the key that the token is bound to (RFC 9449 §7.1). */
async function hasProof({ dpop, keys }: Provider, request: FastifyRequest, token: string): Promise<boolean> {
  const claims = await keys.verify(token);
  const { jkt } = (claims?.cnf ?? {}) as { jkt?: string };
  const proof = request.headers.dpop;
  if (jkt === undefined || typeof proof !== 'string') return false;
  const url = `${issuerOf(request)}/protocol/openid-connect/userinfo`;
  try {
    return (await dpop.check({ proof, method: request.method, url, accessToken: token })) === jkt;
  } catch {
    return false;
  }
}

function refusal({ realm }: Provider, reply: FastifyReply, bound: boolean): Challenge {
  return (status, error, description) => {
    const scheme = bound ? `DPoP algs="${ASYMMETRIC.join(' ')}",` : 'Bearer';
    const parts = [`${scheme} realm="${realm.name}"`];
    if (error !== undefined) parts.push(`error="${error}"`, `error_description="${description}"`);
    return reply
      .code(status)
      .header('www-authenticate', parts.join(', '))
      .type('text/plain;charset=utf-8')
      .send('');
  };
}

async function answer(
  { provider, request, reply }: Exchange,
  token: string,
  bound: boolean,
  challenge: Challenge,
) {
  allowCaller(request, reply);
  const reading = await readToken(provider, token, issuerOf(request), [bound ? 'DPoP' : 'Bearer']);
  if ('problem' in reading) return challenge(401, 'invalid_token', reading.problem);
  const { client, user } = reading;
  allowOriginsOf(client, request, reply);
  const scopes = scopesOf(provider, reading);
  if (!scopes.openid) return challenge(403, 'insufficient_scope', 'Missing openid scope');
  if (isLightweight(client) && client.attributes['allow.userinfo.with.lightweight.access.token'] !== 'true') {
    const text = 'Lightweight access token not allowed for userinfo endpoint';
    return challenge(401, 'invalid_token', text);
  }
  if (!isStillMember(provider.realm, partOf(reading), reading.user))
    throw invalidGrant('Invalid organization');
  const info: Claims = { sub: user.id };
  addClaims('userinfo', info, provider, { ...reading, scopes });
  return reply.header('cache-control', 'no-store, no-cache').send(info);
}

/** The client's part of the session. */
const partOf = ({ session, client }: GoodToken) => session?.clients[client.clientId];

/** The scopes of a token, and those that its client has by now. */
const scopesOf = ({ realm }: Provider, { claims, client, user }: GoodToken) =>
  toGranted(realm, [...String(claims.scope ?? '').split(' '), ...client.defaultScopes], user);

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
    refuseDuplicates(form);
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
