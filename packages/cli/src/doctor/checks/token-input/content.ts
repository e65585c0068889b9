import { AuthError, createVerifier, type Principal } from 'keycloak-guard';
import { check, type Finding, fail, ok } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { audienceOf, decodeJwt, namesIn } from '../../evidence/token.ts';
import { explainRefusal, toTime } from './refusal.ts';

export const tokenContent = check('token.content', [], ({ token = '' }) => {
  const jwt = decodeJwt(token);
  if (jwt === undefined) return judgeText(token);
  const { claims, header } = jwt;
  const roles = (claims.realm_access as { roles?: string[] } | undefined)?.roles;
  const parts = [
    `typ ${claims.typ ?? 'none'}`,
    `alg ${header.alg}`,
    `iss ${claims.iss}`,
    `aud ${audienceOf(claims).join(', ') || 'none'}`,
    `azp ${claims.azp ?? 'none'}`,
    `sub ${claims.sub ?? 'none'}`,
    `user ${claims.preferred_username ?? 'not named'}`,
    `scope ${claims.scope ?? 'none'}`,
    `roles ${roles?.join(', ') || 'none'}`,
    `client roles ${clientRolesOf(claims) || 'none'}`,
    `groups ${listOf(claims.groups) || 'none'}`,
    `issued ${toTime(claims.iat)}`,
    `expires ${toTime(claims.exp)}`,
  ];
  return ok(parts.join('; '));
});

const listOf = (claim: unknown): string => namesIn(claim).join(', ');

/** `orders: reader, writer`, as guards ask for them. */
function clientRolesOf({ resource_access: access }: Record<string, unknown>): string {
  return Object.entries((access ?? {}) as Record<string, { roles?: unknown }>)
    .map(([client, one]) => `${client}: ${listOf(one?.roles)}`)
    .join(', ');
}

function judgeText(token: string) {
  const say = (cause: string, fix: string) => fail(`${token.length} characters`, cause, fix);
  if (token === '') return say('nothing was piped in', 'echo "$TOKEN" | keycloak-guard doctor --token -');
  const parts = token.split('.').length;
  if (parts === 5)
    return say(
      'the token is encrypted (JWE): only the receiver can read it',
      'Switch the encryption of access tokens off for this client (Clients > Advanced).',
    );
  if (token.startsWith('{'))
    return say(
      'this is a JSON object, perhaps the whole answer to the login',
      "Pipe in the value of 'access_token' alone.",
    );
  if (parts !== 3)
    return say(
      `this is not a JWT: it has ${parts} parts, not 3`,
      'Pipe in the access token whole, as it came. An opaque token is not from Keycloak.',
    );
  return say(
    'this looks like a JWT, but its parts are not JSON: it was cut or changed',
    'Pipe in the access token whole, as it came.',
  );
}

export async function judgeToken(
  token: string,
  reach: Reach,
  toWords: (principal: Principal) => string,
): Promise<Finding> {
  const { serverUrl, realm, clientId } = reach.caller;
  const { issuer, audience, clockToleranceSeconds, timeoutMs } = reach.config;
  const where = { serverUrl, realm, clientId, issuer, audience };
  const verifier = createVerifier({ ...where, clockToleranceSeconds, timeoutMs, tokenCheck: 'local' });
  try {
    return ok(toWords(await verifier.verify(token)));
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return await explainRefusal(error, decodeJwt(token), reach);
  } finally {
    await verifier.close();
  }
}

export const tokenAccepted = check(
  'token.accepted',
  ['token.content', 'keys.signing', 'issuer.discovery'],
  ({ reach, token = '' }) =>
    judgeToken(token, reach, ({ username, subject }) => {
      const who = username ?? subject ?? 'its bearer';
      return `signature and claims are good: this service would accept it for ${who}`;
    }),
);
