import { judgeStranger } from '../../../keycloak/judge-stranger.ts';
import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok, skipped, warn } from '../../check.ts';

/** A slower logout suggests that Keycloak waits for a back-channel logout URL. Unit: milliseconds. */
const SLOW_MS = 2_000;

export const loginLogout: Check = {
  id: 'login.logout',
  needs: ['login.password'],
  async run({ reach }) {
    if (reach.login === null) return skipped('no login');
    const login = await reach.login.login();
    if (typeof login.json?.refresh_token !== 'string')
      return skipped('there is no refresh token to log out with');
    const before = await reach.login.userinfo();
    // It rotates the refresh token, and only the newest one can log out.
    await reach.login.refresh();
    const answer = await reach.login.logout();
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
    const after = await reach.login.userinfoAfterLogout();
    if (after.status === 401) return ok('204, and userinfo refuses the old token');
    if (after.status !== 200) return ok(`204; userinfo then answered ${toWords(after)}`);
    return fail(
      `logout 204, then userinfo ${after.status}`,
      'the session is still good after the logout',
      "Look into Keycloak's log.",
    );
  },
};
