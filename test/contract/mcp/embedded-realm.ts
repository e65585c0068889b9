import type { Feature } from '../../../packages/testing/src/index.ts';
import { startTestIdp } from '../../support/dev-idp.ts';
import type { McpRealm } from './dance.ts';

/** The embedded provider, set up for the server at `url`. */
export async function startEmbeddedRealm(url: string, features: readonly Feature[] = []): Promise<McpRealm> {
  const idp = await startTestIdp({ mcpServers: [{ url, scopes: ['notes:read', 'notes:write'] }], features });
  return {
    serverUrl: idp.url,
    realm: idp.realm,
    clientSecret: 'for-development-only',
    user: { username: 'abdullah', password: 'Test#123456' },
    logout: () => idp.logoutUser('abdullah'),
    close: () => idp.close(),
  };
}
