import { type Check, fail, ok } from '../../check.ts';
import { findClientState } from '../../evidence/client.ts';
import { kcadm, onPage } from './say.ts';

export const clientEnabled: Check = {
  id: 'client.enabled',
  needs: ['client.known'],
  async run({ reach }) {
    if ((await findClientState(reach.client)) !== 'disabled') return ok('on');
    return fail(
      `login page: ${(await reach.client.authorization()).words.slice(0, 100)}`,
      `the client '${reach.caller.clientId}' is disabled`,
      `${onPage(reach, 'Enabled (top right) ON')}\n${kcadm(reach, 'enabled=true')}`,
      ['--enable'],
    );
  },
};
