import { judgeStranger } from '../../../keycloak/judge-stranger.ts';
import { toWords } from '../../../keycloak/page.ts';
import { check, type Finding, fail, failOn, ok, warn } from '../../check.ts';
import type { Reach } from '../../context.ts';
import type { Claims } from '../../evidence/jwt.ts';
import { audienceOf, decodeJwt } from '../../evidence/jwt.ts';
import { findNotBefore } from '../../evidence/not-before.ts';
import { isTooLong, lacksToken, reasonOf } from '../../evidence/refusal.ts';
import { findUserFate } from '../../evidence/same-user.ts';
import { diagnosed } from '../client/say.ts';
import { tooLong } from '../token/size.ts';
import { orBySetup } from './explain.ts';

/** Whether Keycloak still accepts the piped token. */
export const tokenSession = check(
  'token.session',
  ['token.accepted', 'settings.secret'],
  async ({ reach, token = '' }) => {
    const introspection = await reach.calls.introspect(token);
    if (introspection.json?.active === true) return ok('introspection says active');
    const claims = decodeJwt(token)?.claims ?? {};
    const userinfo = await reach.calls.userinfo(token);
    const { clientId } = reach.caller;
    const mapper = `Clients > ${claims.azp ?? 'the client'} > Client scopes > its dedicated scope > Add mapper > By configuration > Audience: Included Client Audience = ${clientId}, Add to access token ON${orBySetup(reach, claims.azp)}`;
    if (userinfo.status === 200) {
      if (introspection.json?.active !== false) return diagnosed(reach, introspection);
      return warn(
        'userinfo accepts it, introspection does not',
        `introspection of the token by '${clientId}' says inactive: the client is not in its aud (${audienceOf(claims).join(', ') || 'none'})`,
        mapper,
        [],
      );
    }
    if (isTooLong(userinfo)) return tooLong(toWords(userinfo), token, claims, reach);
    const stranger = judgeStranger(userinfo);
    if (stranger !== undefined) return stranger;
    const words = toWords(userinfo);
    if (lacksToken(userinfo)) {
      return fail(
        words,
        'userinfo says that it was asked without a token: something on the way takes the Authorization header away',
        'Let the proxy in front of Keycloak pass the Authorization header on.',
      );
    }
    const isOurs = audienceOf(claims).includes(clientId);
    const reason = reasonOf(userinfo);
    const cannotBeAsked = /^insufficient_scope/i.test(reason);
    if (!isOurs && cannotBeAsked) {
      const isRemote = reach.config.tokenCheck === 'remote';
      return (isRemote ? fail : warn)(
        words,
        `Keycloak cannot be asked about the token: it has no scope 'openid', and '${clientId}' is not in its aud. ${isRemote ? 'With TOKEN_CHECK=remote it is refused' : 'So nobody hears of a logout, of a disabled user or of a role taken away: the token is good until it expires'}`,
        `Ask for scope=openid at login, or: ${mapper}`,
      );
    }
    if (/^invalid_token:? lightweight/i.test(reason)) {
      return fail(
        words,
        `the token is lightweight, and '${clientId}' is not in the audience that introspection sees: introspection calls it inactive, userinfo refuses it, and nothing else can say that it is good. This service answers 401`,
        `${mapper.replace('Add to access token', 'Add to token introspection')}. Or Advanced > Always use lightweight access token OFF`,
      );
    }
    return explain(
      cannotBeAsked ? '' : reason,
      cannotBeAsked ? 'introspection says inactive' : words,
      claims,
      reach,
    );
  },
);

/** Explains by Keycloak's words or, if they are only "no", by other evidence. */
async function explain(reason: string, seen: string, claims: Claims, reach: Reach): Promise<Finding> {
  const say = failOn(seen);
  if (/session/i.test(reason)) {
    const { realm } = reach.caller;
    const fate = await findUserFate(claims, reach).catch(() => undefined);
    if (fate === 'another') {
      return say(
        `the realm '${realm}' was made anew with its old keys (imported again): the token's user '${claims.preferred_username}' has another id there now, and no old session is left`,
        'Log in again. Give Keycloak a database that stays; data that hang on sub belong to nobody now.',
      );
    }
    const over = 'the session of the token is over (logout, an admin, an idle session)';
    const cause = {
      same: over,
      gone: 'the user of the token was deleted, and the sessions with it',
      unknown: `${over}, its user was deleted, or the realm was made anew with its old keys: an admin, or --user, tells which`,
    }[fate ?? 'unknown'];
    return say(cause, 'Log in again.');
  }
  if (/user disabled/i.test(reason)) {
    return say('the user of the token is disabled', 'Users > the user > Enabled ON, then log in again.');
  }
  if (/client disabled/i.test(reason)) {
    return say('the client of the token is disabled', `Clients > ${claims.azp ?? 'the client'} > Enabled ON`);
  }
  const notBefore = await findNotBefore(reach);
  if (notBefore !== undefined && notBefore.at > Number(claims.iat)) {
    const at = new Date(notBefore.at * 1000);
    const isAhead = at.getTime() > Date.now();
    return say(
      `the token is from before the not-before of the ${notBefore.of} (${at.toISOString()}): everything older was revoked`,
      isAhead ? `It lies ahead, so fresh tokens are refused too: ${notBefore.fix}` : 'Log in again.',
    );
  }
  const fix =
    'Log in again. If a fresh token is refused too: Sessions > Action > Revocation > Clear, and Clients > the client > Advanced > Revocation > Clear.';
  if (!/token verification failed/i.test(reason)) {
    return say(
      'Keycloak no longer stands by the token: its session is over, it was revoked, or a not-before lies after it',
      fix,
    );
  }
  // Keycloak has its own texts for an ended session and a disabled user.
  if (reach.admin === null && reach.login === null) {
    return say(
      'Keycloak no longer stands by the token, though its session is not over: a not-before of the realm, the client or the user lies after it, or the token itself was revoked (POST /revoke)',
      `${fix} With --user and DOCTOR_PASSWORD, or with an admin, the doctor sees which.`,
    );
  }
  return say(
    'the token was revoked (POST /revoke): its session is not over, and no not-before lies after it',
    'Log in again.',
  );
}
