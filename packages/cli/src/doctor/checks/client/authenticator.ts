import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok } from '../../check.ts';
import { findClientState } from '../../evidence/client.ts';
import { kcadm, onPage } from './say.ts';

export const clientAuthenticator: Check = {
  id: 'client.authenticator',
  needs: ['client.enabled', 'settings.secret'],
  async run({ reach }) {
    const grant = await reach.client.passwordGrant();
    if ((await findClientState(reach.client)) !== 'other-authenticator') return ok('client id and secret');
    const type = (await reach.admin?.client().catch(() => undefined))?.clientAuthenticatorType;
    const what = /assertion/i.test(String(grant.json?.error_description))
      ? 'a signed JWT'
      : `something else than a secret (a TLS client certificate, say)`;
    return fail(
      toWords(grant),
      `the client '${reach.caller.clientId}' must authenticate with ${what}${type ? ` ('${type}')` : ''}, but this service sends a secret`,
      `${onPage(reach, 'Credentials > Client Authenticator = Client Id and Secret')}, then copy the secret to KEYCLOAK_CLIENT_SECRET\n${kcadm(reach, 'clientAuthenticatorType=client-secret')}`,
    );
  },
};
