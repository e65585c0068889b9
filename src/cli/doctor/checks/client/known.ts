import { type Check, fail, ok } from '../../check.ts';
import { findClientState } from '../../evidence/client.ts';
import { toWords } from '../../evidence/page.ts';

export const clientKnown: Check = {
  id: 'client.known',
  needs: ['realm.enabled'],
  async run({ reach }) {
    const { clientId, realm } = reach.caller;
    const state = await findClientState(reach.client);
    if (state === 'other-protocol') {
      return fail(
        toWords(await reach.client.passwordGrant()),
        `the client '${clientId}' is there, but for another protocol (SAML): this service speaks OpenID Connect`,
        `Clients > Create client > Client type OpenID Connect, under another client id (or keycloak-guard setup --client-id NAME), and KEYCLOAK_CLIENT_ID=NAME`,
      );
    }
    if (state !== 'unknown') return ok(clientId);
    const seen = `${toWords(await reach.client.passwordGrant())}; login page: ${(await reach.client.authorization()).words.slice(0, 80)}`;
    const names = reach.admin ? await reach.admin.clientIds().catch(() => []) : [];
    const close = names.find((one) => one.toLowerCase() === clientId.trim().toLowerCase());
    const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clientId);
    return fail(
      seen,
      isUuid
        ? `'${clientId}' looks like the client's UUID; what is needed is the Client ID`
        : `the realm '${realm}' has no client '${clientId}'${close ? `, but it has '${close}': the case of the letters counts` : ''}`,
      close
        ? `KEYCLOAK_CLIENT_ID=${close}`
        : `Correct KEYCLOAK_CLIENT_ID: the column Client ID under Clients, in its exact case, in the realm '${realm}'. Or let keycloak-guard setup create it.`,
      close ? ['--client-id', close, '--overwrite-env'] : ['--overwrite-env'],
    );
  },
};
