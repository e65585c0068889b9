import { fileURLToPath } from 'node:url';
import { startDevIdp } from '../../../packages/testing/src/index.ts';
import { guideContract } from './guide-contract.ts';
import type { GuideProvider } from './provider.ts';

const realmFile = fileURLToPath(new URL('../../../packages/testing/testing-realm.json', import.meta.url));

async function startEmbedded(): Promise<GuideProvider> {
  const idp = await startDevIdp({ realmFile });
  return {
    url: idp.url,
    realm: idp.realm,
    updateUser: async (username, change) => idp.updateUser(username, change),
    updateClient: async (clientId, change) => idp.updateClient(clientId, change),
    async issueForeignToken() {
      const other = await startDevIdp({ realmFile });
      const token = await other.issueToken({ username: 'abdullah' });
      await other.close();
      return token;
    },
    close: () => idp.close(),
  };
}

guideContract('the embedded provider', startEmbedded);
