import { test } from 'node:test';
import { signOutInEveryWay } from '../../session/two-applications.ts';
import { createBrowserRealm } from '../support/browser-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

test('who signs out of one of two applications, or of both, here or everywhere, is out there and nowhere else', async (t) => {
  const { realm, secret, add, remove } = await createBrowserRealm(keycloak);
  t.after(remove);
  // A person who belongs to neither application.
  const { username, password, dropRoles } = await add('anna', 'http://127.0.0.1:1');
  await signOutInEveryWay(t, {
    ...{ serverUrl: keycloak.url, realm, username, password, dropRoles },
    async add(clientId, url) {
      await add(clientId, url);
      return secret;
    },
  });
});
