import { type Feature, startDevIdp } from '../../packages/testing/src/index.ts';
import { describeDance, type McpRealm } from '../contract/mcp/dance.ts';
import { SERVERS } from '../contract/mcp/servers.ts';

async function setUpRealm(url: string, features: readonly Feature[] = []): Promise<McpRealm> {
  const idp = await startDevIdp({ mcpServers: [{ url, scopes: ['notes:read', 'notes:write'] }], features });
  return {
    serverUrl: idp.url,
    realm: idp.realm,
    clientSecret: 'for-development-only',
    user: { username: 'abdullah', password: 'Test#123456' },
    logout: () => idp.logoutUser('abdullah'),
    close: () => idp.close(),
  };
}

describeDance('the embedded provider', setUpRealm);
describeDance(
  'the embedded provider with resource indicators',
  (url) => setUpRealm(url, ['resource-indicators', 'cimd']),
  [SERVERS[1]],
);
