import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok, skipped } from '../../check.ts';
import { diagnosed, refusalOf } from './say.ts';

export const clientIntrospection: Check = {
  id: 'client.introspection',
  needs: ['client.secret', 'client.type'],
  async run({ reach }) {
    const answer = await reach.client.introspection();
    if (answer.status === 200 && answer.json?.active === false) return ok('the client may introspect');
    const grant = await reach.client.passwordGrant();
    // Another check has already reported the same problem.
    if (refusalOf(grant) === refusalOf(answer)) return skipped('the same answer as to the password grant');
    if (/authentication method not allowed|not allowed for client/i.test(refusalOf(answer))) {
      return fail(
        toWords(answer),
        `a client policy of the realm '${reach.caller.realm}' does not allow the client to authenticate with a secret`,
        'Realm settings > Client policies > Policies: take this client out of the conditions of the policy (FAPI or OAuth 2.1 profiles forbid secrets), or switch it off.',
      );
    }
    return diagnosed(reach, answer);
  },
};
