// Two applications of one realm, and the ways to sign out of them, in Chromium.
import { test } from 'node:test';
import { signOutInEveryWay } from '../session/two-applications.ts';
import { startIdp } from '../support/dev-idp.ts';

test('who signs out of one of two applications, or of both, here or everywhere, is out there and nowhere else', async (t) => {
  const idp = await startIdp(t);
  await signOutInEveryWay(t, {
    ...{ serverUrl: idp.url, realm: idp.realm, username: 'abdullah', password: 'Test#123456' },
    async add(clientId, url) {
      idp.addClient({
        ...{ clientId, secret: 'for-tests', standardFlowEnabled: true, redirectUris: [`${url}/*`] },
        attributes: {
          'post.logout.redirect.uris': '+',
          'backchannel.logout.url': `${url}/backchannel-logout`,
          'backchannel.logout.session.required': 'true',
        },
      });
      return 'for-tests';
    },
    dropRoles: async () => idp.updateUser('abdullah', { realmRoles: [] }),
  });
});
