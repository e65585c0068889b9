import { toWords } from '../../../keycloak/call.ts';
import { check, diagnosed, type Finding, fail, failOn, kcadmRealm, ok, reasonOf, warn } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { audienceOf, type Claims, decodeJwt } from '../../evidence/token.ts';
import { explainLost } from '../login/token.ts';
import { adviseOnAudience } from './refusal.ts';

/**
 * The latest not-before: of those an admin can see, or else the `not-before-policy` in Keycloak's answer with a fresh token,
 * which does not say whether it is the realm's, the client's or the user's.
 */
export async function findNotBefore(reach: Reach) {
  const seen = (await seenByAdmin(reach)).sort((a, b) => b.at - a.at)[0];
  const announced = await announcedToClient(reach);
  const { realm, clientId } = reach.caller;
  if (seen !== undefined && seen.at >= announced) return seen.at > 0 ? seen : undefined;
  if (announced === 0) return undefined;
  return {
    at: announced,
    of: 'realm, of the client or of the user',
    fix: `Sessions > Action > Revocation > Clear\n${kcadmRealm(realm, 'notBefore=0')}\nOr, where it is the client's: Clients > ${clientId} > Advanced > Revocation > Clear. A 'Logout all sessions' of the user sets one too: it stays, and only older tokens mind.`,
  };
}

async function announcedToClient({ login, client }: Reach): Promise<number> {
  // Uses a login that was made already, or the client's own token: no login is made just for this.
  const answers = [await login?.login(), await client.clientCredentials()];
  return Math.max(0, ...answers.map((answer) => Number(answer?.json?.['not-before-policy'] ?? 0)));
}

async function seenByAdmin({ admin, caller }: Reach) {
  if (admin === null) return [];
  const at = async (read: () => Promise<{ notBefore?: number } | undefined>) =>
    (await read().catch(() => undefined))?.notBefore ?? 0;
  return [
    {
      at: await at(admin.realm),
      of: 'realm',
      fix: `Sessions > Action > Revocation > Clear\n${kcadmRealm(caller.realm, 'notBefore=0')}`,
    },
    {
      at: await at(admin.client as () => Promise<{ notBefore?: number } | undefined>),
      of: 'client',
      fix: `Clients > ${caller.clientId} > Advanced > Revocation > Clear`,
    },
    {
      at: await at(admin.user),
      of: 'user',
      fix: 'Log the user in again: Users > the user > Sessions > Logout all sessions sets this time',
    },
  ];
}

/**
 * Whether the user of a token is still the one of that name. A realm that was imported again, keys and all, verifies old tokens, and
 * says of them only that their session is unknown; but its users have other ids.
 *
 * `undefined` without an admin and without a login of the same user.
 */
async function findUserFate(
  { sub, preferred_username: name }: Claims,
  { admin, login, caller: { realm } }: Reach,
): Promise<'same' | 'another' | 'gone' | undefined> {
  const own = decodeJwt(await login?.token())?.claims;
  if (own?.preferred_username === name && own?.sub !== undefined) return own.sub === sub ? 'same' : 'another';
  if (admin === null || typeof sub !== 'string' || typeof name !== 'string') return undefined;
  const { api } = await admin.connection();
  if (await api.users.findOne({ realm, id: sub })) return 'same';
  return (await api.users.find({ realm, username: name, exact: true })).length > 0 ? 'another' : 'gone';
}

export const tokenSession = check(
  'token.session',
  ['token.accepted', 'settings.secret'],
  async ({ reach, token = '' }) => {
    const introspection = await reach.calls.introspect(token);
    if (introspection.json?.active === true) return ok('introspection says active');
    const claims = decodeJwt(token)?.claims ?? {};
    const userinfo = await reach.calls.userinfo(token);
    const { clientId } = reach.caller;
    const mapper = await adviseOnAudience(reach, claims.azp);
    if (userinfo.status === 200) {
      if (introspection.json?.active !== false) return diagnosed(reach, introspection);
      return warn(
        'userinfo accepts it, introspection does not',
        `introspection of the token by '${clientId}' says inactive: the client is not in its aud (${audienceOf(claims).join(', ') || 'none'})`,
        mapper,
        [],
      );
    }
    const words = toWords(userinfo);
    const lost = explainLost(words, 'userinfo', userinfo, token, reach);
    if (lost !== undefined) return lost;
    const isOurs = audienceOf(claims).includes(clientId);
    const reason = reasonOf(userinfo);
    const lacksOpenid = /^insufficient_scope/i.test(reason);
    if (!isOurs && lacksOpenid) {
      const isRemote = reach.config.tokenCheck === 'remote';
      return (isRemote ? fail : warn)(
        words,
        `Keycloak cannot be asked about the token: it has no scope 'openid', and '${clientId}' is not in its aud. ${isRemote ? 'With TOKEN_CHECK=remote it is refused' : 'So a logout, a disabled user or a removed role has no effect: the token is valid until it expires'}`,
        `Ask for scope=openid at login, or: ${mapper}`,
      );
    }
    if (/^invalid_token:? lightweight/i.test(reason))
      return fail(
        words,
        `the token is lightweight, and '${clientId}' is not in the audience that introspection sees: introspection calls it inactive, userinfo refuses it, and nothing else can say that it is good. This service answers 401`,
        `${mapper.replace('Add to access token', 'Add to token introspection')}. Or Advanced > Always use lightweight access token OFF`,
      );
    return explain(
      lacksOpenid ? '' : reason,
      lacksOpenid ? 'introspection says inactive' : words,
      claims,
      reach,
    );
  },
);

async function explain(reason: string, seen: string, claims: Claims, reach: Reach): Promise<Finding> {
  const say = failOn(seen);
  if (/session/i.test(reason)) {
    const { realm } = reach.caller;
    const fate = await findUserFate(claims, reach).catch(() => undefined);
    if (fate === 'another')
      return say(
        `the realm '${realm}' was created again with its old keys (imported again): the token's user '${claims.preferred_username}' has another id there now, and no old session is left`,
        'Log in again. Give Keycloak a database that stays; data keyed by sub has no user now.',
      );
    const over = 'the session of the token is over (logout, an admin, an idle session)';
    const cause = {
      same: over,
      gone: 'the user of the token was deleted, and the sessions with it',
      unknown: `${over}, its user was deleted, or the realm was created again with its old keys: an admin, or --user, shows which`,
    }[fate ?? 'unknown'];
    return say(cause, 'Log in again.');
  }
  if (/user disabled/i.test(reason))
    return say('the user of the token is disabled', 'Users > the user > Enabled ON, then log in again.');
  if (/client disabled/i.test(reason))
    return say('the client of the token is disabled', `Clients > ${claims.azp ?? 'the client'} > Enabled ON`);
  const notBefore = await findNotBefore(reach);
  if (notBefore !== undefined && notBefore.at > Number(claims.iat)) {
    const at = new Date(notBefore.at * 1000);
    const isAhead = at.getTime() > Date.now();
    return say(
      `the token is from before the not-before of the ${notBefore.of} (${at.toISOString()}): everything older was revoked`,
      isAhead ? `It is in the future, so new tokens are refused too: ${notBefore.fix}` : 'Log in again.',
    );
  }
  const fix =
    'Log in again. If a fresh token is refused too: Sessions > Action > Revocation > Clear, and Clients > the client > Advanced > Revocation > Clear.';
  if (!/token verification failed/i.test(reason))
    return say(
      'Keycloak no longer accepts the token: its session is over, it was revoked, or a not-before is later',
      fix,
    );
  // Keycloak has its own texts for an ended session and a disabled user.
  if (reach.admin === null && reach.login === null)
    return say(
      'Keycloak no longer accepts the token, though its session is not over: a not-before of the realm, the client or the user is later, or the token itself was revoked (POST /revoke)',
      `${fix} With --user and DOCTOR_PASSWORD, or with an admin, the doctor sees which.`,
    );
  return say(
    'the token was revoked (POST /revoke): its session is not over, and no not-before is later',
    'Log in again.',
  );
}
