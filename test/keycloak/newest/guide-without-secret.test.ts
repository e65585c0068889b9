import { readFileSync } from 'node:fs';
import { credentialContract } from '../../contract/guide/guide-contract.ts';
import { NO_SECRETS } from '../../contract/guide/no-secret.ts';
import { callAdmin, issueAdminToken, requireKeycloak, updateInRealm } from '../support/real-keycloak.ts';

// The whole service, with no secret in its environment.

const server = requireKeycloak();
const file = new URL('../../../packages/testing/testing-realm.json', import.meta.url);

for (const [index, [name, start]] of Object.entries(NO_SECRETS).entries()) {
  credentialContract(`Keycloak ${server.version}, with ${name} and no secret`, async () => {
    const realm = `guide-without-secret-${index}`;
    const keycloak = { ...server, realm };
    const credential = await start(realm);
    await callAdmin(server, 'DELETE', `/${realm}`).catch(() => {});
    // An id is unique in the whole server.
    const text = readFileSync(file, 'utf8').replace(/"id": "[^"]+",?/g, '');
    await callAdmin(server, 'POST', '', { ...JSON.parse(text), realm });
    for (const provider of credential.identityProviders)
      await callAdmin(server, 'POST', `/${realm}/identity-provider/instances`, provider);
    const updateClient = (clientId: string, change: Record<string, unknown>) =>
      updateInRealm(keycloak, `clients?clientId=${encodeURIComponent(clientId)}`, change);
    await updateClient('fastapi-keycloak', credential.client);
    return {
      ...{ url: server.url, realm, credential, updateClient },
      updateUser: (username, change) =>
        updateInRealm(keycloak, `users?exact=true&username=${encodeURIComponent(username)}`, change),
      issueForeignToken: () => issueAdminToken(server),
      async close() {
        credential.close();
        await callAdmin(server, 'DELETE', `/${realm}`);
      },
    };
  });
}
