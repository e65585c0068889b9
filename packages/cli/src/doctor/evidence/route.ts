import { randomBytes } from 'node:crypto';
import { call, memo } from '../../keycloak/call.ts';
import { networkZoneOf } from '../../settings/address.ts';
import { decodeJwt } from './token.ts';

const TIMEOUT_MS = 10_000;

/** A route of a user's API. Each request is sent once; redirects are not followed. */
export type RouteEvidence = ReturnType<typeof createRouteEvidence>;

export function createRouteEvidence(
  url: string,
  origin: string | undefined,
  findToken: () => Promise<string | undefined>,
) {
  const get = (headers: Record<string, string>) =>
    call(url, { headers: { accept: 'application/json', ...(origin && { origin }), ...headers } }, TIMEOUT_MS);
  const bearer = (token: string) => get({ authorization: `Bearer ${token}` });
  const { protocol, hostname } = new URL(url);
  const isOpen = protocol === 'http:' && networkZoneOf(hostname) === 'public';
  // Its claims are personal data.
  const findClaims = async () => (isOpen ? undefined : findToken());
  return {
    url,
    origin,
    isUnsafe: isOpen ? `a good token is not sent over plain http to ${hostname}` : undefined,
    withoutToken: memo(() => get({})),
    withForged: memo(async () => bearer(forge(await findClaims(), 'RS256'))),
    withUnsigned: memo(async () => bearer(forge(await findClaims(), 'none'))),
    withToken: memo(async () => {
      const token = isOpen ? undefined : await findToken();
      return token === undefined ? undefined : bearer(token);
    }),
    /** The preflight request of a browser, before a page of the origin calls the route with a token. */
    preflight: memo(() => {
      const preflightHeaders = {
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      };
      return call(
        url,
        { method: 'OPTIONS', headers: { origin: origin ?? '', ...preflightHeaders } },
        TIMEOUT_MS,
      );
    }),
  };
}

/** The claims of a good token, or such as Keycloak's have, under a signature that is worth nothing. */
function forge(like: string | undefined, alg: 'RS256' | 'none'): string {
  const { header, claims } = decodeJwt(like) ?? { header: { kid: 'forged' }, claims: {} };
  const now = Math.floor(Date.now() / 1000);
  const made = { iss: 'https://forged.invalid/realms/forged', sub: 'forged', typ: 'Bearer', ...claims };
  const [head, body] = [
    { ...header, alg, typ: 'JWT' },
    { ...made, iat: now, exp: now + 60 },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  if (alg === 'none') return `${head}.${body}.`;
  return `${head}.${body}.${randomBytes(256).toString('base64url')}`;
}
