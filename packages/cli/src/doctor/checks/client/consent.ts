import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok } from '../../check.ts';
import { kcadm, onPage, refusalOf } from './say.ts';

export const clientConsent: Check = {
  id: 'client.consent',
  needs: ['client.direct-grants'],
  async run({ reach }) {
    const grant = await reach.client.passwordGrant();
    if (!/requires user consent/i.test(refusalOf(grant))) return ok('not required');
    return fail(
      toWords(grant),
      `the client '${reach.caller.clientId}' asks users for consent, which a password login cannot do`,
      `${onPage(reach, 'Settings > Login settings > Consent required OFF')}\n${kcadm(reach, 'consentRequired=false')}`,
    );
  },
};
