import { toWords } from '../../../keycloak/page.ts';
import { toShellWord } from '../../../terminal/shell-word.ts';
import { type Check, fail, ok } from '../../check.ts';

export const realmEnabled: Check = {
  id: 'realm.enabled',
  needs: ['realm.https'],
  async run({ reach }) {
    const answer = await reach.realm.bareToken();
    const { realm } = reach.caller;
    // Discovery and userinfo of a disabled realm still answer 200.
    if (!/realm (is )?(not enabled|disabled)/i.test(`${answer.json?.error_description} ${answer.text}`))
      return ok('on');
    return fail(
      toWords(answer),
      `the realm '${realm}' is disabled: nobody can log in`,
      `Realm settings > Enabled (top right) ON\nkcadm.sh update ${toShellWord(`realms/${realm}`)} -s enabled=true`,
      ['--enable'],
    );
  },
};
