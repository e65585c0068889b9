import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok, skipped, warn } from '../../check.ts';
import { audienceOf, decodeJwt } from '../../evidence/jwt.ts';
import { diagnosed } from '../client/say.ts';
import { isLightweight } from '../token/claims.ts';
import { explainStale } from './stale.ts';

export const loginIntrospection: Check = {
  id: 'login.introspection',
  needs: ['login.password', 'client.introspection'],
  async run({ reach }) {
    if (reach.login === null) return skipped('no login');
    const answer = await reach.login.introspection();
    if (answer.json?.active === true) return ok('active');
    const { clientId } = reach.caller;
    const claims = decodeJwt(await reach.login.token())?.claims ?? {};
    const userinfo = await reach.login.userinfo();
    if (answer.status === 200 && answer.json?.active === false) {
      if (!audienceOf(claims).includes(clientId) && userinfo.status === 200) {
        // Only a warning: this service then asks userinfo.
        return warn(
          'active: false, though userinfo accepts the token',
          `the client '${clientId}' is not in the token's aud, and Keycloak (26.6.2 and later) then calls the token inactive`,
          `Clients > ${clientId} > Client scopes > ${clientId}-dedicated > Add mapper > By configuration > Audience: Included Client Audience = ${clientId}, Add to access token ON`,
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
};
