import { startDevIdp } from '../../packages/testing/src/index.ts';
import { describeDance } from '../contract/mcp/dance.ts';

describeDance('the embedded provider', async (url) => {
  const idp = await startDevIdp({ mcpServers: [{ url, scopes: ['notes:read', 'notes:write'] }] });
  return {
    serverUrl: idp.url,
    realm: idp.realm,
    clientSecret: 'for-development-only',
    user: { username: 'abdullah', password: 'Test#123456' },
    logout: () => idp.logoutUser('abdullah'),
    close: () => idp.close(),
  };
});
