import type { Answer } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/finding.ts';
import { check, type Finding, fail, isTooLong, lacksToken, ok, skipped, warn } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { type Claims, decodeJwt } from '../../evidence/token.ts';
import { whyNoClaims } from '../token/claims.ts';
import { judgeToken } from '../token-input/refusal.ts';

const loginToken = check(
  'login.token',
  ['login.password', 'keys.signing', 'issuer.discovery'],
  async ({ reach }) => judgeToken((await reach.login?.token()) ?? '', reach, () => 'this service accepts it'),
);

const loginLifespan = check('login.lifespan', ['login.password'], async ({ reach }) => {
  const seconds = await lifespanOf(reach);
  const where = `Clients > ${reach.caller.clientId} > Advanced > Advanced settings > Access Token Lifespan (or Realm settings > Tokens, and Sessions: a token never outlives its session)`;
  if (!Number.isFinite(seconds))
    return fail(
      'no exp or iat',
      'the token does not say when it expires',
      `${where}; look for a mapper that takes 'exp' out`,
    );
  if (seconds < 60)
    return warn(
      `${seconds} s`,
      `access tokens live ${seconds} s: clients have to refresh all the time, and a small difference of clocks makes them invalid`,
      `${where}: 5 minutes is usual`,
    );
  if (seconds > 24 * 3600)
    return warn(
      `${seconds} s`,
      `access tokens live ${Math.round(seconds / 3600)} hours: one that is stolen is good for so long`,
      `${where}: 5 minutes is usual`,
    );
  // 0 means an offline session, which does not end.
  const session = Number((await reach.login?.login())?.json?.refresh_expires_in ?? 0);
  if (session > 0 && session < Math.min(seconds, 600))
    return warn(
      `the token ${seconds} s, its session ${session} s`,
      `the session ends after ${session} s without a refresh, and the access token with it, though it says that it lives ${seconds} s: clients that refresh when a token expires come too late and find their users signed out`,
      `Realm settings > Sessions > SSO Session Idle and Max, and Clients > ${reach.caller.clientId} > Advanced > Advanced settings > Client Session Idle and Max: longer than Access Token Lifespan; 30 minutes is usual`,
    );
  return ok(`${seconds} s`);
});

/** Bounds: one header line in nginx, all headers in Node, all headers in Keycloak. Unit: bytes. */
const [PROXY, NODE, KEYCLOAK] = [8_000, 16_000, 65_000];

/** Whether the token fits into a header: every server on the way has a bound. */
const loginSize = check('login.size', ['login.password'], async ({ reach }) => {
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

function tooLong(seen: string, token: string, claims: Claims, reach: Reach): Finding {
  if (token.length < PROXY)
    return fail(
      seen,
      `something on the way takes shorter headers than the access token is, though that has no more than ${token.length} bytes`,
      'Raise the bound of the proxy in front of Keycloak (nginx: large_client_header_buffers 4 16k).',
    );
  const limits =
    token.length >= KEYCLOAK
      ? 'Keycloak takes 64 KB, Node (this service) 16 KB'
      : 'Node (this service) takes 16 KB, proxies mostly 8 KB';
  return fail(
    seen,
    `the access token is ${token.length} bytes long, more than fits into a header: ${limits}. Requests with it are refused (HTTP 431, or 400 by a proxy), before it is read. ${largest(claims)}`,
    makeSmaller(reach),
  );
}

/** Whether the token never came to where it was sent, and why. */
export function explainLost(
  seen: string,
  who: string,
  answer: Answer,
  token: string,
  reach: Reach,
): Finding | undefined {
  if (isTooLong(answer)) return tooLong(seen, token, decodeJwt(token)?.claims ?? {}, reach);
  if (!lacksToken(answer)) return judgeStranger(answer);
  return fail(
    seen,
    `the token did not arrive: ${who} says that it was asked without one, so something on the way takes the Authorization header away`,
    'Let the proxy in front of Keycloak pass the Authorization header on (nginx: no proxy_set_header Authorization ""; Apache: CGIPassAuth or RequestHeader; a login in front of Keycloak must leave /realms/ alone).',
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

export const clockSkew = check('clock.skew', ['realm.enabled'], async ({ reach }) => {
  // Keycloak sends no Date header, so only a fresh token shows its clock.
  const seconds = await measure(reach);
  if (seconds === undefined) return skipped(whyNoClaims(reach));
  const tolerance = reach.config.clockToleranceSeconds;
  const seen = `Keycloak's clock is ${Math.abs(seconds)} s ${seconds >= 0 ? 'ahead' : 'behind'}`;
  // Tolerates 2 s: a token's time has no fractions, and the call itself took time.
  if (Math.abs(seconds) <= Math.max(2, tolerance))
    return ok(Math.abs(seconds) <= 2 ? 'the clocks agree' : seen);
  const fix =
    'Let both machines keep time by NTP (timedatectl set-ntp true), or raise CLOCK_TOLERANCE_SECONDS for a while.';
  if (seconds < 0 && -seconds + tolerance >= (await lifespanOf(reach)))
    return fail(seen, 'the clocks differ so much that a fresh token is already expired here', fix);
  return warn(
    seen,
    `the clocks differ by more than the ${tolerance} s that are tolerated: tokens expire early or late, and some are refused`,
    fix,
  );
});

async function measure(reach: Reach): Promise<number | undefined> {
  const login = await reach.login?.login();
  const iat = decodeJwt(await reach.login?.token())?.claims.iat;
  if (login !== undefined && typeof iat === 'number') return toSkew(iat, login.arrivedAt);
  const admin = await reach.admin?.connection().catch(() => undefined);
  if (admin !== undefined && admin.issuedAt > 0) return toSkew(admin.issuedAt, admin.receivedAt);
  const service = await reach.client.clientCredentials();
  const own = decodeJwt(String(service.json?.access_token ?? ''))?.claims.iat;
  return typeof own === 'number' ? toSkew(own, service.arrivedAt) : undefined;
}

const toSkew = (iat: number, arrivedAt: number) => Math.round(iat + 0.5 - arrivedAt / 1000);

/** `NaN` without a token that says it. Unit: seconds. */
async function lifespanOf(reach: Reach): Promise<number> {
  const claims = decodeJwt(await reach.login?.token())?.claims;
  return Number(claims?.exp) - Number(claims?.iat);
}

export const LOGIN_TOKEN_CHECKS = [loginSize, loginToken, loginLifespan];
