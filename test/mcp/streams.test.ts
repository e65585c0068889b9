import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { buildApp } from '../../examples/mcp/app.ts';
import { startDevIdp } from '../../packages/testing/src/index.ts';

test('the example: a stream that is open ends when its person is signed out', {
  timeout: 60_000,
}, async (t) => {
  let listener: RequestListener = () => {};
  const server = createServer((request, response) => listener(request, response)).listen(0, 'localhost');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}/mcp`;
  const idp = await startDevIdp({ mcpServers: [{ url, scopes: ['notes:read'] }] });
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await idp.close();
  });
  const clientSecret = 'for-development-only';
  const realm = { serverUrl: idp.url, realm: idp.realm, clientId: url, clientSecret };
  listener = buildApp({ ...realm, tokenCheck: 'remote', onNotice: false }, { url });

  const token = await idp.issueToken({
    ...{ username: 'abdullah', clientId: 'mcp-client', scope: 'notes:read' },
  });
  const send = (method: string, body?: object, more: Record<string, string> = {}) =>
    fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
        'content-type': 'application/json',
        ...more,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  const clientInfo = { name: 'tests', version: '1.0.0' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const opened = await send('POST', { jsonrpc: '2.0', id: 0, method: 'initialize', params });
  await opened.text();
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? assert.fail('no session') };
  const stream = await send('GET', undefined, session);
  assert.deepEqual([stream.status, stream.headers.get('content-type')], [200, 'text/event-stream']);

  const ended = stream.text();
  assert.equal(
    await Promise.race([ended.then(() => 'ended'), once(idle(1_000), 'abort').then(() => 'open')]),
    'open',
  );
  await idp.logoutUser('abdullah');
  await ended;
  assert.equal((await send('POST', { jsonrpc: '2.0', id: 1, method: 'ping' }, session)).status, 401);
});

const idle = (ms: number) => AbortSignal.timeout(ms);
