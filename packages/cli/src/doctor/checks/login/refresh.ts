import { judgeStranger } from '../../../keycloak/judge-stranger.ts';
import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok, skipped, warn } from '../../check.ts';
import { refusalOf } from '../client/say.ts';
import { explainStale } from './stale.ts';

export const loginRefresh: Check = {
  id: 'login.refresh',
  needs: ['login.password'],
  async run({ reach }) {
    if (reach.login === null) return skipped('no login');
    const login = await reach.login.login();
    const { clientId } = reach.caller;
    if (typeof login.json?.refresh_token !== 'string') {
      return warn(
        'no refresh token',
        'the client gets no refresh tokens: users log in anew when the access token expires, and a logout is not possible',
        `Clients > ${clientId} > Advanced > Open ID Connect Compatibility Modes > Use refresh tokens ON`,
      );
    }
    // The other calls need the first tokens, so they go first.
    await Promise.all([reach.login.userinfo(), reach.login.introspection()]);
    const answer = await reach.login.refresh();
    if (typeof answer.json?.access_token === 'string') return ok('a new token was given');
    const stranger = judgeStranger(answer);
    if (stranger !== undefined) return stranger;
    const words = refusalOf(answer);
    if (/stale token/i.test(words)) return explainStale(toWords(answer), 'the token endpoint', answer, reach);
    if (/authentication method not allowed/i.test(words)) {
      return fail(
        toWords(answer),
        'a client policy does not allow the client to authenticate with a secret',
        'Realm settings > Client policies > Policies: take this client out of the conditions of the policy, or switch it off.',
      );
    }
    if (/not active|expired/i.test(words)) {
      return fail(
        toWords(answer),
        'the refresh token is expired as soon as it is given',
        'Realm settings > Sessions > SSO Session Idle and Max; Clients > Advanced > Client Session Idle and Max',
      );
    }
    return fail(
      toWords(answer),
      `the refresh token is refused (${words})`,
      `Clients > ${clientId} > Settings and Advanced; a client policy (Realm settings > Client policies) can be the reason.`,
    );
  },
};
