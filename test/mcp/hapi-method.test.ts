import assert from 'node:assert/strict';
import { test } from 'node:test';
import { server as hapiServer, type Request } from '@hapi/hapi';
import { keycloak } from '../../packages/guard/src/adapters/hapi/index.ts';
import { createTestRealm } from '../support/test-realm.ts';

type Method = Parameters<Request['setMethod']>[0];

const URL = 'https://example.com/mcp';

test('hapi: a message is read, whichever method an extension has put into the request', async (t) => {
  const { serverUrl, realm, clientId, fetch, clock, mint } = createTestRealm();
  const kc = keycloak({ serverUrl, realm, clientId, fetch, clock, onNotice: false, audience: URL });
  const server = hapiServer({ debug: false });
  const tools = { 'delete-order': 'orders:write' };
  // What plugins for X-HTTP-Method-Override do.
  server.ext('onRequest', (request, h) => {
    const method = request.headers['x-http-method-override'];
    if (typeof method === 'string') request.setMethod(method as Method);
    return h.continue;
  });
  await server.register([kc.plugin, kc.mcp({ url: URL, tools })]);
  server.route({ method: '*', path: '/mcp', options: { auth: false }, handler: () => 'called' });
  t.after(() => server.stop());
  const call = async (method: string, override?: string) => {
    const { statusCode } = await server.inject({
      ...{ method, url: '/mcp' },
      headers: {
        authorization: `Bearer ${mint({ aud: URL })}`,
        'content-type': 'application/json',
        ...(override && { 'x-http-method-override': override }),
      },
      payload: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'delete-order' },
      }),
    });
    return statusCode;
  };
  assert.equal(await call('POST'), 403);
  for (const override of ['GET', 'PUT', 'DELETE', 'PATCH']) {
    const status = await call('POST', override);
    assert.ok([400, 403].includes(status), `${override}: ${status}`);
  }
  assert.equal(await call('PUT', 'POST'), 403);
});
