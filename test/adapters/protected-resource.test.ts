import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProtectedResources } from '../../packages/guard/src/adapters/engine/protected-resource.ts';

test('a request is for the deepest resource that it is below, and rather for one of its own than for a tenant', () => {
  const resources = createProtectedResources();
  for (const path of ['/', '/t', '/t/:tenant/mcp', '/t/acme/mcp', '/t/a-long-name/mcp/below']) {
    const kind = path.includes(':') ? 'a tenant at' : 'of';
    resources.add(
      { url: `https://api.example.com${path}` },
      {
        metadataUrl: `${kind} ${path}`,
        routes: { all: [], find: () => undefined },
      },
    );
  }
  const found = {
    ...{ '/t/acme/mcp': 'of /t/acme/mcp', '/t/acme/mcp/x?y': 'of /t/acme/mcp', '/t/acme/other': 'of /t' },
    ...{
      '/t/globex/mcp': 'a tenant at /t/globex/mcp',
      '/t/a-long-name/mcp': 'a tenant at /t/a-long-name/mcp',
    },
    ...{ '/t/a-long-name/mcp/below': 'of /t/a-long-name/mcp/below', '/x': 'of /', 'http://h/t': 'of /t' },
  };
  for (const [url, metadataUrl] of Object.entries(found))
    assert.equal(resources.find(url)?.metadataUrl, metadataUrl, url);
});
