import { judgeStranger } from '../../../keycloak/judge-stranger.ts';
import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok } from '../../check.ts';

export const issuerDiscovery: Check = {
  id: 'issuer.discovery',
  needs: ['realm.https'],
  async run({ reach }) {
    const answer = await reach.realm.discovery();
    const issuer = answer.json?.issuer;
    if (answer.status === 200 && typeof issuer === 'string' && URL.canParse(issuer))
      return ok(`issuer ${issuer}`);
    const stranger = judgeStranger(answer);
    if (stranger !== undefined) {
      return { ...stranger, cause: `the discovery document of the realm cannot be read: ${stranger.cause}` };
    }
    return fail(
      toWords(answer),
      'the discovery document of the realm cannot be read',
      `Open ${answer.url} in a browser. A proxy in front of Keycloak must pass on /realms/ whole.`,
    );
  },
};
