import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok } from '../../check.ts';
import { kcadm, noPasswordLogin, onPage, refusalOf } from './say.ts';

export const clientDirectGrants: Check = {
  id: 'client.direct-grants',
  needs: ['client.enabled', 'client.authenticator', 'client.secret'],
  async run({ reach }) {
    const grant = await reach.client.passwordGrant();
    if (!/not allowed for direct access grants/i.test(refusalOf(grant))) return ok('on');
    const other = await noPasswordLogin(reach);
    if (other !== undefined) return other;
    return fail(
      toWords(grant),
      `direct access grants are off: the client '${reach.caller.clientId}' may not log users in with a password`,
      `${onPage(reach, 'Settings > Capability config > Direct access grants ON')}\n${kcadm(reach, 'directAccessGrantsEnabled=true')}`,
      [],
    );
  },
};
