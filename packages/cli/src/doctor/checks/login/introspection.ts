import { toWords } from '../../../keycloak/page.ts';
import { fail, loginCheck, ok, skipped, warn } from '../../check.ts';
import { audienceOf, decodeJwt } from '../../evidence/jwt.ts';
import { addAudience, diagnosed } from '../client/say.ts';
import { isLightweight } from '../token/claims.ts';
import { explainStale } from './stale.ts';

export const loginIntrospection = loginCheck(
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
      if (!audienceOf(claims).includes(clientId) && isLightweight(claims) && userinfo.status === 401) {
        return skipped('active: false, as login.lightweight says');
      }
      return explainStale('active: false', 'introspection', answer, reach);
    }
    if (answer.status === 200 && /jwt/.test(answer.headers.get('content-type') ?? '')) {
      return warn(
        'HTTP 200, a JWT',
        'introspection answers are JWTs, not JSON',
        `Clients > ${clientId} > Advanced: switch it off`,
      );
    }
    return answer.status === 0
      ? fail(toWords(answer), 'introspection gave no answer', 'Look at the network.')
      : diagnosed(reach, answer);
  },
);
