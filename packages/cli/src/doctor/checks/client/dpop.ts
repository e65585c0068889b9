import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok } from '../../check.ts';
import { kcadm, onPage, refusalOf } from './say.ts';

export const clientDpop: Check = {
  id: 'client.dpop',
  needs: ['client.direct-grants'],
  async run({ reach }) {
    const grant = await reach.client.passwordGrant();
    if (!/dpop/i.test(refusalOf(grant))) return ok('not required');
    return fail(
      toWords(grant),
      `the client '${reach.caller.clientId}' requires DPoP proofs, and POST /login sends none`,
      `${onPage(reach, 'Settings > Capability config > Require DPoP bound tokens OFF')}\n${kcadm(reach, 'attributes."dpop.bound.access.tokens"=false')}`,
    );
  },
};
