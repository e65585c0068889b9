import { check, fail, ok, warn } from '../../check.ts';
import { decodeJwt } from '../../evidence/jwt.ts';
import { judgeToken } from '../token-input/accepted.ts';

const loginToken = check('login.token', ['login.password', 'keys.signing'], async ({ reach }) =>
  judgeToken((await reach.login?.token()) ?? '', reach, () => 'this service accepts it'),
);

const loginIssuer = check('login.issuer', ['login.password', 'issuer.discovery'], async ({ reach }) => {
  const iss = decodeJwt(await reach.login?.token())?.claims.iss;
  const announced = (await reach.realm.discovery()).json?.issuer;
  if (iss === announced) return ok(`iss is ${iss}`);
  return fail(
    `iss ${iss}, announced ${announced}`,
    'Keycloak puts another issuer into tokens than it announces: the host name differs from call to call',
    'Set KC_HOSTNAME of Keycloak to its public URL, for example KC_HOSTNAME=https://sso.example.com; behind a proxy also KC_PROXY_HEADERS=xforwarded. Where Keycloak is not yours to set: KEYCLOAK_ISSUER of this service = the issuer that tokens have, for bearer tokens alone.',
  );
});

const loginLifespan = check('login.lifespan', ['login.password'], async ({ reach }) => {
  const claims = decodeJwt(await reach.login?.token())?.claims;
  const seconds = Number(claims?.exp) - Number(claims?.iat);
  const where = `Clients > ${reach.caller.clientId} > Advanced > Advanced settings > Access Token Lifespan (or Realm settings > Tokens, and Sessions: a token never outlives its session)`;
  if (!Number.isFinite(seconds))
    return fail(
      'no exp or iat',
      'the token does not say when it expires',
      `${where}; look for a mapper that takes 'exp' out`,
    );
  if (seconds < 60) {
    return warn(
      `${seconds} s`,
      `access tokens live ${seconds} s: clients have to refresh all the time, and a small difference of clocks makes them invalid`,
      `${where}: 5 minutes is usual`,
    );
  }
  if (seconds > 24 * 3600) {
    return warn(
      `${seconds} s`,
      `access tokens live ${Math.round(seconds / 3600)} hours: one that is stolen is good for so long`,
      `${where}: 5 minutes is usual`,
    );
  }
  // 0 means an offline session, which does not end.
  const session = Number((await reach.login?.login())?.json?.refresh_expires_in ?? 0);
  if (session > 0 && session < Math.min(seconds, 600)) {
    return warn(
      `the token ${seconds} s, its session ${session} s`,
      `the session ends after ${session} s without a refresh, and the access token with it, though it says that it lives ${seconds} s: clients that refresh when a token expires come too late and find their users signed out`,
      `Realm settings > Sessions > SSO Session Idle and Max, and Clients > ${reach.caller.clientId} > Advanced > Advanced settings > Client Session Idle and Max: longer than Access Token Lifespan; 30 minutes is usual`,
    );
  }
  if (session > 0 && session < 120) {
    return warn(
      `the token ${seconds} s, its session ${session} s`,
      `the session ends after ${session} s without a refresh`,
      `Realm settings > Sessions > SSO Session Idle and Max, and Clients > ${reach.caller.clientId} > Advanced > Advanced settings > Client Session Idle and Max: 30 minutes is usual`,
    );
  }
  return ok(`${seconds} s`);
});

export const LOGIN_TOKEN_CHECKS = [loginToken, loginIssuer, loginLifespan];
