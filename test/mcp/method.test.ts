import assert from 'node:assert/strict';
import { test } from 'node:test';
import { server as hapiServer, type Request } from '@hapi/hapi';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { keycloak as fetchKeycloak } from '../../packages/guard/src/adapters/fetch/index.ts';
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
  await server.register(kc.plugin);
  server.auth.strategy('mcp', 'keycloak-mcp', { url: URL, tools });
  server.route({ method: '*', path: '/mcp', options: { auth: 'mcp' }, handler: () => 'called' });
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

test('a message is read in a request of any method but those without one: the SDK takes post for POST', async (t) => {
  const { serverUrl, realm, clientId, fetch, clock, mint } = createTestRealm();
  const kc = fetchKeycloak({ serverUrl, realm, clientId, fetch, clock, onNotice: false, audience: URL });
  t.after(() => kc.close());
  const ran: string[] = [];
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'tests', version: '1.0.0' });
    server.registerTool('delete-order', { description: 'x' }, () => {
      ran.push('delete-order');
      return { content: [] };
    });
    return server;
  });
  const app = kc.mcp({ url: URL, tools: { 'delete-order': 'orders:write' } }, (request) =>
    handler.fetch(request),
  );
  const call = async (method: string, scope: string) => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'delete-order' } };
    const request = new Request(URL, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${mint({ aud: URL, scope })}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify(message),
    });
    // Deno hands it over as it was sent.
    Object.defineProperty(request, 'method', { value: method });
    const { status } = await app(request);
    return status;
  };
  assert.deepEqual([await call('POST', 'orders:write'), ran.splice(0)], [200, ['delete-order']]);
  for (const method of ['POST', 'post', 'pOST', 'PUT'])
    assert.equal(await call(method, 'openid'), 403, method);
  assert.deepEqual(ran, []);
});

test('fetch: a message that was read before the guard saw it is refused, because nobody knows which tool it calls', async (t) => {
  const { serverUrl, realm, clientId, fetch, clock, mint } = createTestRealm();
  const kc = fetchKeycloak({ serverUrl, realm, clientId, fetch, clock, onNotice: false, audience: URL });
  t.after(() => kc.close());
  const app = kc.mcp({ url: URL, tools: { 'delete-order': 'orders:write' } }, () => assert.fail('it ran'));
  const headers = {
    authorization: `Bearer ${mint({ aud: URL, scope: 'orders:write' })}`,
    'content-type': 'application/json',
  };
  const request = new Request(URL, { method: 'POST', headers, body: '{"jsonrpc":"2.0","method":"ping"}' });
  await request.text();
  assert.equal((await app(request)).status, 400);
});
