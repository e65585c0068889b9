import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok } from '../../check.ts';
import { findClientState } from '../../evidence/client.ts';
import { kcadm, onPage } from './say.ts';

export const clientType: Check = {
  id: 'client.type',
  needs: ['client.secret'],
  async run({ reach }) {
    const state = await findClientState(reach.client);
    const { clientId } = reach.caller;
    const where = onPage(reach, 'Settings > Capability config > Client authentication ON');
    if (state === 'bearer-only') {
      return fail(
        toWords(await reach.client.passwordGrant()),
        `the client '${clientId}' is bearer-only: it may not log anybody in`,
        `${where}, Direct access grants ON\n${kcadm(reach, 'bearerOnly=false')}`,
        [],
      );
    }
    if (state === 'public') {
      return fail(
        toWords(await reach.client.introspection()),
        `the client '${clientId}' is public: its secret is ignored, and it may not introspect tokens`,
        `${where}, then copy the secret to KEYCLOAK_CLIENT_SECRET\n${kcadm(reach, 'publicClient=false')}`,
        ['--overwrite-env'],
      );
    }
    return ok('confidential');
  },
};
