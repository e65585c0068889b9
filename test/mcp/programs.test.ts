import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDevIdp } from '@keycloak-guard/testing';
import { judgePrograms, PROGRAMS } from '../../packages/cli/src/admin/mcp/goal.ts';
import { TESTING_REALM } from '../../packages/cli/src/dev/dev-provider.ts';
import { KNOWN_HOSTS } from '../../packages/testing/src/registration/mcp-servers.ts';

const URL = 'http://localhost:3000/mcp';

/** What the programs send, as their sources of 2026 say. */
const SENT: Readonly<Record<string, object>> = {
  vscode: {
    client_name: 'Visual Studio Code',
    client_uri: 'https://code.visualstudio.com',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [
      'https://insiders.vscode.dev/redirect',
      'https://vscode.dev/redirect',
      'http://127.0.0.1/',
      'http://127.0.0.1:33418/',
    ],
    application_type: 'native',
  },
  claude: {
    client_name: 'Claude',
    redirect_uris: ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
  },
  cursor: {
    client_name: 'Cursor',
    redirect_uris: [
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'https://www.cursor.com/agents/mcp/oauth/callback',
      'http://localhost:8787/callback',
    ],
  },
  inspector: {
    client_name: 'MCP Inspector',
    client_uri: 'https://github.com/modelcontextprotocol/inspector',
    redirect_uris: ['http://localhost:6274/oauth/callback'],
  },
  'mcp-remote': {
    client_name: 'MCP CLI Proxy',
    client_uri: 'https://github.com/geelen/mcp-remote',
    redirect_uris: ['http://localhost:3334/oauth/callback'],
  },
};

test('every program that setup mcp --program knows may register at the embedded provider, and no page elsewhere', async (t) => {
  assert.deepEqual(Object.keys(SENT).sort(), Object.keys(PROGRAMS).sort());
  const idp = await startDevIdp({
    realmFile: TESTING_REALM,
    mcpServers: [{ url: URL, scopes: ['mcp:tools'] }],
  });
  t.after(() => idp.close());
  const register = (metadata: object) =>
    fetch(`${idp.issuer}/clients-registrations/openid-connect`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ scope: 'mcp:tools', token_endpoint_auth_method: 'none', ...metadata }),
    });
  for (const [name, metadata] of Object.entries(SENT)) {
    const answer = await register(metadata);
    assert.equal(answer.status, 201, `${name}: ${await answer.text()}`);
  }
  const elsewhere = await register({ redirect_uris: ['https://evil.example/callback'] });
  assert.equal(elsewhere.status, 403);
  assert.match(await elsewhere.text(), /URI doesn't match any trusted host/);
});

test('the provider and setup know the same hosts', () => {
  assert.deepEqual(
    [...KNOWN_HOSTS].sort(),
    [...new Set(Object.values(PROGRAMS).flatMap(({ hosts }) => hosts))].sort(),
  );
  assert.deepEqual(judgePrograms(['github.com', '*.dev']).may, ['inspector', 'mcp-remote']);
});
