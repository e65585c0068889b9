import { diagnose } from '../../../keycloak/diagnose.ts';
import { toWords } from '../../../keycloak/page.ts';
import { toShellWord } from '../../../terminal/shell-word.ts';
import { type Check, fail, ok } from '../../check.ts';

export const realmHttps: Check = {
  id: 'realm.https',
  needs: ['realm.exists'],
  async run({ reach }) {
    const answers = [await reach.realm.discovery(), await reach.realm.bareToken()];
    const refusal = answers.find(({ json, text }) =>
      /https required/i.test(`${json?.error_description} ${text}`),
    );
    if (refusal === undefined)
      return ok(`${new URL(reach.caller.serverUrl).protocol.slice(0, -1)} is accepted`);
    const { realm } = reach.caller;
    const { cause, fix } = diagnose({ status: 403, error: 'HTTPS required', realm });
    return fail(
      toWords(refusal),
      cause,
      `${fix}\nkcadm.sh update ${toShellWord(`realms/${realm}`)} -s sslRequired=NONE`,
    );
  },
};
