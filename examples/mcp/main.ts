// An MCP server and a provider for it, for MCP clients on this machine: npm run mcp
import { startDevIdp } from '@keycloak-guard/testing';
import { buildApp } from './app.ts';

const port = Number(process.env.PORT ?? 3000);
const url = `http://localhost:${port}/mcp`;
const idp = await startDevIdp({ mcpServers: [{ url, scopes: ['notes:read', 'notes:write'] }] });
const realm = { serverUrl: idp.url, realm: idp.realm, clientId: url, clientSecret: 'for-development-only' };

// The page of the MCP Inspector may call it too.
buildApp(realm, { url, allowedOrigins: ['http://localhost:6274'] }).listen(port, 'localhost', () => {
  console.log(`MCP server  ${url}`);
  console.log(`Provider    ${idp.issuer}`);
  console.log('Sign in as  abdullah / Test#123456');
});
