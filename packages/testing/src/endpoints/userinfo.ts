import type { FastifyReply, FastifyRequest } from 'fastify';
import { field, formOf } from '../http/bodies.ts';
import { allowCaller, allowOriginsOf, issuerOf } from '../http/headers.ts';
import type { Provider } from '../provider/provider.ts';
import type { Exchange, Route } from '../provider/route.ts';
import { DPOP_ALGORITHMS } from '../tokens/dpop.ts';
import { type Claims, contextOf } from '../tokens/issue.ts';
import { applyMappers } from '../tokens/mappers.ts';
import { readToken } from '../tokens/read-access-token.ts';
import { isLightweight, mappersOf, toGranted } from '../tokens/scopes.ts';

/** OpenID Connect Core §5.3. Errors have an empty body; only `WWW-Authenticate` says what is wrong. */
export const userinfoRoute: Route = {
  endpoint: 'userinfo',
  path: '/protocol/openid-connect/userinfo',
  methods: ['GET', 'POST'],
  preflight: ['GET', 'HEAD', 'OPTIONS'],
  async handler(exchange) {
    const { provider, request, reply } = exchange;
    reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
    const [, scheme = '', header] =
      /^(bearer|dpop) +(\S.*)$/i.exec(request.headers.authorization ?? '') ?? [];
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
    const scheme = bound ? `DPoP algs="${DPOP_ALGORITHMS.join(' ')}",` : 'Bearer';
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
  const { claims, client, user, session } = reading;
  allowOriginsOf(client, request, reply);
  const granted = toGranted(
    provider.realm,
    [...String(claims.scope ?? '').split(' '), ...client.defaultScopes],
    user,
  );
  if (!granted.openid) return challenge(403, 'insufficient_scope', 'Missing openid scope');
  if (isLightweight(client) && client.attributes['allow.userinfo.with.lightweight.access.token'] !== 'true') {
    const text = 'Lightweight access token not allowed for userinfo endpoint';
    return challenge(401, 'invalid_token', text);
  }
  const info: Claims = { sub: user.id };
  applyMappers(
    'userinfo',
    info,
    mappersOf(client, granted),
    contextOf(provider, { client, user, session, scopes: granted }),
  );
  return reply.header('cache-control', 'no-store, no-cache').send(info);
}
