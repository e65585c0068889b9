import { toWords } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/finding.ts';
import { fail, failOn, loginCheck, ok, skipped, warn } from '../../check.ts';
import { refusalOf } from '../../words.ts';
import { explainStale } from './userinfo.ts';

const loginRefresh = loginCheck('login.refresh', ['login.password'], async (login, { reach }) => {
  const { refresh_token: refreshToken } = (await login.login()).json ?? {};
  const { clientId } = reach.caller;
  if (typeof refreshToken !== 'string') {
    return warn(
      'no refresh token',
      'the client gets no refresh tokens: users log in again when the access token expires, and a logout is not possible',
      `Clients > ${clientId} > Advanced > Open ID Connect Compatibility Modes > Use refresh tokens ON`,
    );
  }
  // The other calls need the first tokens, so they go first.
  await Promise.all([login.userinfo(), login.introspection()]);
  const answer = await login.refresh();
  if (typeof answer.json?.access_token === 'string') return ok('a new token was issued');
  const stranger = judgeStranger(answer);
  if (stranger !== undefined) return stranger;
  const words = refusalOf(answer);
  const say = failOn(toWords(answer));
  if (/stale token/i.test(words)) return explainStale(toWords(answer), 'the token endpoint', answer, reach);
  if (/authentication method not allowed/i.test(words)) {
    return say(
      'a client policy does not allow the client to authenticate with a secret',
      'Realm settings > Client policies > Policies: take this client out of the conditions of the policy, or switch it off.',
    );
  }
  if (/not active|expired/i.test(words)) {
    return say(
      'the refresh token is expired as soon as it is issued',
      'Realm settings > Sessions > SSO Session Idle and Max; Clients > Advanced > Client Session Idle and Max',
    );
  }
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
  if (answer.status !== 204) {
    return fail(
      toWords(answer),
      'the session could not be ended',
      'POST …/logout wants client_id, client_secret and refresh_token and answers 204. Look at the words above.',
    );
  }
  // Not if Keycloak is slow at everything.
  if (answer.tookMs > SLOW_MS && answer.tookMs > 4 * before.tookMs) {
    return warn(
      `204 after ${(answer.tookMs / 1000).toFixed(1)} s`,
      'a logout waits for the back-channel logout URL of a client, and one of them does not answer',
      'Clients > the client > Settings > Logout settings > Backchannel logout URL: correct it, or clear it',
    );
  }
  if (before.status !== 200) return ok('204');
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
