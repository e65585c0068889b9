import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startDevIdp } from '../../../packages/testing/src/index.ts';
import type { NoSecret } from './no-secret.ts';
import type { GuideProvider } from './provider.ts';

const realmFile = fileURLToPath(new URL('../../../packages/testing/testing-realm.json', import.meta.url));

/** @param noSecret a credential of another kind */
export async function startEmbedded(noSecret?: NoSecret): Promise<GuideProvider> {
  const realm = JSON.parse(readFileSync(realmFile, 'utf8'));
  const [client] = realm.clients;
  Object.assign(client, noSecret?.client, {
    attributes: { ...client.attributes, ...Object(noSecret?.client.attributes) },
  });
  const idp = await startDevIdp({
    realm: { ...realm, identityProviders: noSecret?.identityProviders ?? [] },
  });
  return {
    ...(noSecret && { credential: noSecret }),
    url: idp.url,
    realm: idp.realm,
    updateUser: async (username, change) => idp.updateUser(username, change),
    // As Keycloak's tests do it: attributes that are not named stay.
    updateClient: async (clientId, change) =>
      idp.updateClient(clientId, {
        ...change,
        attributes: { ...client.attributes, ...Object(change.attributes) },
      }),
    async issueForeignToken() {
      const other = await startDevIdp({ realmFile });
      const token = await other.issueToken({ username: 'abdullah' });
      await other.close();
      return token;
    },
    async close() {
      noSecret?.close();
      await idp.close();
    },
  };
}
