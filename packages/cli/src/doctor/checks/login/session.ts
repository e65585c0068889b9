import { type Answer, isStranger, toWords } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/finding.ts';
import {
  addAudience,
  check,
  diagnosed,
  type Finding,
  fail,
  failOn,
  loginCheck,
  ok,
  reasonOf,
  refusalOf,
  type Say,
  skipped,
  warn,
} from '../../check.ts';
import type { Reach } from '../../context.ts';
import { audienceOf, decodeJwt, findOddClaims } from '../../evidence/token.ts';
import { isLightweight } from '../token/claims.ts';
import { findNotBefore } from '../token-input/session.ts';
import { explainLost } from './token.ts';

/** Why Keycloak refuses a token that it just issued. */
async function explainStale(seen: string, who: string, answer: Answer, reach: Reach): Promise<Finding> {
  const token = (await reach.login?.token()) ?? '';
  const claims = decodeJwt(token)?.claims ?? {};
  const { realm, clientId } = reach.caller;
  const say = failOn(seen);
  const lost = explainLost(seen, who, answer, token, reach);
  if (lost !== undefined) return lost;
  const notBefore = await findNotBefore(reach);
  if (notBefore !== undefined && notBefore.at > Number(claims.iat))
    return say(
      `tokens are revoked until ${new Date(notBefore.at * 1000).toISOString()} (not-before of the ${notBefore.of}), so even a fresh token is refused`,
      notBefore.fix,
    );
  if (answer.status >= 500) return failedInside(say, who, reach);
  const odd = findOddClaims(claims, clientId);
  if (odd.length > 0)
    return say(
      `${who} cannot read the token that Keycloak has just issued: a mapper writes over claims that Keycloak reads itself: ${odd.join(', ')}`,
      `Clients > ${clientId} > Client scopes > ${clientId}-dedicated (and the mappers of its other scopes): take out the mapper of ${odd.map((one) => one.split(' ')[0]).join(', ')}, or give it another claim name`,
    );
  if (/token verification failed/i.test(reasonOf(answer))) {
    const hint =
      reach.admin === null
        ? ' With KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD the doctor can see it.'
        : '';
    return say(
      `${who} does not verify a token that was issued a moment ago: a not-before (of the realm, the client or the user) in the future, or a signing key that is no longer active`,
      `Sessions > Action > Revocation > Clear (realm); Clients > ${clientId} > Advanced > Revocation; Realm settings > Keys (realm ${realm}).${hint}`,
    );
  }
  return say(
    `${who} refuses a token that was issued a moment ago: ${seen}`,
    'The words above are all Keycloak says; its log (event type USER_INFO_REQUEST_ERROR or INTROSPECT_TOKEN_ERROR) may say more.',
  );
}

async function failedInside(say: Say, who: string, reach: Reach): Promise<Finding> {
  const attributes = (await reach.admin?.client().catch(() => undefined))?.attributes;
  const encryption = attributes?.['user.info.encrypted.response.alg'];
  if (encryption)
    return say(
      `the client wants encrypted userinfo answers ('${encryption}'), and Keycloak has no key of the client to encrypt with`,
      `Clients > ${reach.caller.clientId} > Advanced > Fine grain OpenID Connect configuration > User info response encryption key management algorithm: clear it`,
    );
  return say(
    `Keycloak failed while answering ${who}`,
    "Look into Keycloak's log for the stack trace of this moment; usual reasons: encryption of userinfo answers without a key of the client (Clients > Advanced > User info response encryption), a client policy (Realm settings > Client policies), a mapper.",
  );
}

const loginUserinfo = loginCheck('login.userinfo', ['login.password'], async (login, { reach }) => {
  const answer = await login.userinfo();
  const type = answer.headers.get('content-type') ?? '';
  const claims = decodeJwt(await login.token())?.claims ?? {};
  const { clientId } = reach.caller;
  if (answer.status === 200 && answer.json !== undefined) {
    if (claims.sub !== undefined && answer.json.sub !== claims.sub)
      return warn(
        'another sub than in the token',
        'userinfo has another sub for the user than the token (a pairwise or a hard-coded sub mapper)',
        `Clients > ${clientId} > Client scopes > ${clientId}-dedicated: make the mapper of 'sub' apply to both`,
      );
    return ok(`${Object.keys(answer.json).length} claims`);
  }
  const page = answer.status === 200 ? judgeStranger(answer) : undefined;
  if (page !== undefined) return page;
  if (answer.status === 200) {
    const what = /jwt/.test(type)
      ? answer.text.split('.').length === 5
        ? 'encrypted'
        : 'signed'
      : `of type ${type || 'unknown'}`;
    return warn(
      `HTTP 200 ${type}`,
      `userinfo answers are ${what}, not JSON: clients that read JSON fail, and this service cannot fill missing claims from them`,
      `Clients > ${clientId} > Advanced > Fine grain OpenID Connect configuration > User info signed response algorithm (and encryption): Unsigned / clear it`,
    );
  }
  const words = toWords(answer);
  const reason = reasonOf(answer);
  if (/^invalid_token:? lightweight/i.test(reason))
    return warn(
      words,
      'userinfo refuses lightweight access tokens (Keycloak 26.6.2 and later)',
      `Clients > ${clientId} > Advanced > Always use lightweight access token OFF; or introspect instead`,
    );
  if (/^insufficient_scope/i.test(reason))
    return fail(
      words,
      "the token has no scope 'openid', and userinfo wants it",
      `Ask for scope=openid at login, or make a client scope named 'openid' and add it: Clients > ${clientId} > Client scopes > Add client scope > Default`,
    );
  return explainStale(words, 'userinfo', answer, reach);
});

const loginIntrospection = loginCheck(
  'login.introspection',
  ['login.password', 'client.introspection'],
  async (login, { reach }) => {
    const answer = await login.introspection();
    if (answer.json?.active === true) return ok('active');
    const { clientId } = reach.caller;
    const claims = decodeJwt(await login.token())?.claims ?? {};
    const userinfo = await login.userinfo();
    if (answer.status === 200 && answer.json?.active === false) {
      if (!audienceOf(claims).includes(clientId) && userinfo.status === 200) {
        // Only a warning: this service then asks userinfo.
        return warn(
          'active: false, though userinfo accepts the token',
          `the client '${clientId}' is not in the token's aud, and Keycloak (26.6.2 and later) then calls the token inactive`,
          addAudience(clientId, clientId),
          [],
        );
      }
      if (!audienceOf(claims).includes(clientId) && isLightweight(claims) && userinfo.status === 401)
        return skipped('active: false, as login.lightweight says');
      return explainStale('active: false', 'introspection', answer, reach);
    }
    return diagnosed(reach, answer);
  },
);

const loginLightweight = check('login.lightweight', ['login.password'], async ({ reach }) => {
  const claims = decodeJwt(await reach.login?.token())?.claims;
  if (claims === undefined || !isLightweight(claims)) return ok('the token holds its claims');
  const { clientId } = reach.caller;
  const off = `Clients > ${clientId} > Advanced > Always use lightweight access token OFF`;
  const what = 'access tokens are lightweight: they hold neither name nor roles';
  if ((await reach.login?.introspection())?.json?.active === true)
    return warn(
      'lightweight',
      `${what}, and userinfo refuses them (Keycloak 26.6.2 and later); each new token costs this service an introspection`,
      off,
    );
  const notBefore = await findNotBefore(reach);
  if (notBefore !== undefined && notBefore.at > Number(claims.iat))
    return warn('lightweight', `${what}; the checks below say why Keycloak does not answer for them`, off);
  if (audienceOf(claims).includes(clientId))
    return fail('lightweight', `${what}, and introspection calls them inactive`, off);
  return fail(
    'lightweight, and nothing else can be asked',
    `${what}, no audience mapper names the client '${clientId}' to introspection, which so calls every one of them inactive (Keycloak 26.6.2 and later), and userinfo refuses them: this service answers 401 to each`,
    `${addAudience(clientId, clientId, 'token introspection')} (Add to lightweight access token is not needed). Or ${off}`,
    [],
  );
});

export const USERINFO_CHECKS = [loginLightweight, loginUserinfo, loginIntrospection];

const loginRefresh = loginCheck('login.refresh', ['login.password'], async (login, { reach }) => {
  const { refresh_token: refreshToken } = (await login.login()).json ?? {};
  const { clientId } = reach.caller;
  if (typeof refreshToken !== 'string')
    return warn(
      'no refresh token',
      'the client gets no refresh tokens: users log in again when the access token expires, and a logout is not possible',
      `Clients > ${clientId} > Advanced > Open ID Connect Compatibility Modes > Use refresh tokens ON`,
    );
  // The other calls need the first tokens, so they go first.
  await Promise.all([login.userinfo(), login.introspection()]);
  const answer = await login.refresh();
  if (typeof answer.json?.access_token === 'string') return ok('a new token was issued');
  const stranger = judgeStranger(answer);
  if (stranger !== undefined) return stranger;
  const words = refusalOf(answer);
  const say = failOn(toWords(answer));
  if (/stale token/i.test(words)) return explainStale(toWords(answer), 'the token endpoint', answer, reach);
  if (/not active|expired/i.test(words))
    return say(
      'the refresh token is expired as soon as it is issued',
      'Realm settings > Sessions > SSO Session Idle and Max; Clients > Advanced > Client Session Idle and Max',
    );
  return say(
    `the refresh token is refused (${words})`,
    `Clients > ${clientId} > Settings and Advanced; a client policy (Realm settings > Client policies) can be the reason.`,
  );
});

/** A slower logout suggests that Keycloak waits for a back-channel logout URL. Unit: milliseconds. */
const SLOW_MS = 2_000;

export const loginLogout = loginCheck('login.logout', ['login.password'], async (login) => {
  const { refresh_token: refreshToken } = (await login.login()).json ?? {};
  if (typeof refreshToken !== 'string') return skipped('there is no refresh token to log out with');
  const before = await login.userinfo();
  // It rotates the refresh token, and only the newest one can log out.
  await login.refresh();
  const answer = await login.logout();
  const stranger = judgeStranger(answer);
  if (stranger !== undefined) return stranger;
  if (answer.status !== 204)
    return fail(
      toWords(answer),
      'the session could not be ended',
      'POST …/logout wants client_id, client_secret and refresh_token and answers 204. Look at the words above.',
    );
  // Not if Keycloak is slow at everything.
  if (answer.tookMs > SLOW_MS && answer.tookMs > 4 * before.tookMs)
    return warn(
      `204 after ${(answer.tookMs / 1000).toFixed(1)} s`,
      'a logout waits for the back-channel logout URL of a client, and one of them does not answer',
      'Clients > the client > Settings > Logout settings > Backchannel logout URL: correct it, or clear it',
    );
  if (before.status !== 200 || isStranger(before)) return ok('204');
  const after = await login.userinfoAfterLogout();
  if (after.status === 401) return ok('204, and userinfo refuses the old token');
  if (after.status !== 200) return ok(`204; userinfo then answered ${toWords(after)}`);
  return fail(
    `logout 204, then userinfo ${after.status}`,
    'the session is still good after the logout',
    "Look into Keycloak's log.",
  );
});

export const SESSION_CHECKS = [loginRefresh, loginLogout];
