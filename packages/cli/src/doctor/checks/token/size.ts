import { check, type Finding, fail, ok, warn } from '../../check.ts';
import type { Reach } from '../../context.ts';
import type { Claims } from '../../evidence/jwt.ts';
import { decodeJwt } from '../../evidence/jwt.ts';

/** Bounds: one header line in nginx, all headers in Node, all headers in Keycloak. Unit: bytes. */
const [PROXY, NODE, KEYCLOAK] = [8_000, 16_000, 65_000];

/** Whether the token fits into a header: every server on the way has a bound. */
export const loginSize = check('login.size', ['login.password'], async ({ reach }) => {
  const token = (await reach.login?.token()) ?? '';
  const claims = decodeJwt(token)?.claims ?? {};
  if (token.length < PROXY) return ok(`${token.length} bytes`);
  if (token.length >= NODE) return tooLong(`${token.length} bytes`, token, claims, reach);
  return warn(
    `${token.length} bytes`,
    `the access token is ${token.length} bytes long: proxies take 8 KB in a header as they come (nginx answers 400), and Node takes 16 KB in all. ${largest(claims)}`,
    makeSmaller(reach),
  );
});

/** The finding for a token that does not fit into a header. */
export function tooLong(seen: string, token: string, claims: Claims, reach: Reach): Finding {
  if (token.length < PROXY) {
    return fail(
      seen,
      `something on the way takes shorter headers than the access token is, though that has no more than ${token.length} bytes`,
      'Raise the bound of the proxy in front of Keycloak (nginx: large_client_header_buffers 4 16k).',
    );
  }
  const limits =
    token.length >= KEYCLOAK
      ? 'Keycloak takes 64 KB, Node (this service) 16 KB'
      : 'Node (this service) takes 16 KB, proxies mostly 8 KB';
  return fail(
    seen,
    `the access token is ${token.length} bytes long, more than fits into a header: ${limits}. Requests with it are refused (HTTP 431, or 400 by a proxy) before anybody looks at it. ${largest(claims)}`,
    makeSmaller(reach),
  );
}

function largest(claims: Claims): string {
  const sizes = Object.entries(claims)
    .map(([name, value]) => [name, JSON.stringify(value).length] as const)
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3);
  return `Its largest claims: ${sizes.map(([name, size]) => `${name} (${size})`).join(', ')}`;
}

const makeSmaller = ({ caller }: Reach): string =>
  `Clients > ${caller.clientId} > Client scopes: take out scopes and mappers that fill those claims (roles: Dedicated scope > Scope > Full scope allowed OFF; groups and attributes: Add to access token OFF), or let the API read them from userinfo.`;
