import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok, skipped } from '../../check.ts';
import { onPage, refusalOf } from './say.ts';

export const clientScopes: Check = {
  id: 'client.scopes',
  needs: ['client.password-grant'],
  async run({ reach }) {
    const answer = await reach.client.scopes();
    if (answer.json?.error !== 'invalid_scope') {
      return answer.status === 0 || answer.status >= 500
        ? skipped(toWords(answer))
        : ok('openid profile email may be asked for');
    }
    const refused = /invalid scopes?: (.*)/i.exec(refusalOf(answer))?.[1] ?? 'openid profile email';
    return fail(
      toWords(answer),
      `the client may not ask for the scopes 'openid profile email' (refused: ${refused})`,
      onPage(reach, "Client scopes > Add client scope: 'profile' and 'email' as Default"),
      [],
    );
  },
};
