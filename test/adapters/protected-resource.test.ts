import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import type { Notice } from '../../packages/guard/src/core/index.ts';
import { plainFetch } from '../../packages/testing/src/sign-in.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { listen } from './listen.ts';

const URL_OF_SERVER = 'https://tools.example.com/mcp';

test('an application is one resource: a second one is refused, and a mistake in the first is none', async (t) => {
  const kc = keycloak({
    serverUrl: 'http://localhost:1',
    realm: 'testing',
    clientId: 'my-api',
    onNotice: false,
  });
  t.after(() => kc.close());
  assert.throws(() => kc.protectedResource({ url: 'no url' }), /url: must be an http or https URL/);
  assert.ok(kc.protectedResource({ url: 'https://api.example.com' }));
  assert.throws(
    () => kc.protectedResource({ url: 'https://api.example.com/other' }),
    /protectedResource was called before/,
  );
});

test('an MCP server whose metadata the application publishes as its own is not said to lack them', async (t) => {
  for (const [path, missing] of [
    ['/mcp', []],
    ['/another', ['mcp_metadata_missing']],
  ] as const) {
    const { serverUrl, realm, clientId, fetch: ask, clock, mint } = createTestRealm();
    const codes: string[] = [];
    const onNotice = ({ code }: Notice) => void codes.push(code);
    const options = { serverUrl, realm, clientId, clock, onNotice, audience: URL_OF_SERVER };
    const kc = keycloak({ ...options, fetch: ask });
    const metadata = kc.protectedResource({ url: `https://tools.example.com${path}` });
    const guard = kc.mcp({ url: URL_OF_SERVER });
    const server = createServer((request, response) =>
      metadata(request, response, () => guard(request, response, () => response.end())),
    );
    const { url, close } = await listen(server, () => kc.close());
    t.after(close);
    const headers = { authorization: `Bearer ${mint({ aud: URL_OF_SERVER })}` };
    assert.equal((await plainFetch(`${url}/mcp`, { headers })).status, 200);
    assert.deepEqual(
      codes.filter((code) => code === 'mcp_metadata_missing'),
      missing,
    );
  }
});
