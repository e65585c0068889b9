// Handshakes of WebSockets on raw sockets: clients that behave as no library does.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { type AcceptUpgrade, keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { eventually } from '../support/eventually.ts';
import { createTestRealm } from '../support/test-realm.ts';

const HANDSHAKE = [
  ...['GET / HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket'],
  ...['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
];

async function setUp(t: TestContext, accept: AcceptUpgrade) {
  const realm = createTestRealm();
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const kc = keycloak({ serverUrl, realm: name, clientId, fetch, clock, onNotice: false });
  const requests: unknown[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url);
    response.end();
  });
  server.on('upgrade', kc.upgrade({}, accept));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    return kc.close();
  });
  const open = (lines: readonly string[], rest = '') => {
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    socket.write([...lines, '', rest].join('\r\n'));
    return socket;
  };
  return { realm, server, open, requests };
}

test('a refused client that keeps its end open holds no connection, and its next request is not read', async (t) => {
  const { server, open, requests } = await setUp(t, () => assert.fail('let in'));
  const socket = open(HANDSHAKE, 'GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n');
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  await once(socket, 'end');
  assert.match(answer, /^HTTP\/1\.1 401 Unauthorized\r\n.*\r\nconnection: close\r\n/s);
  assert.equal(answer.split('HTTP/1.1').length, 2);
  // A socket that was upgraded is none of the server's any more: no timeout of Node's ends it.
  const count = promisify(server.getConnections.bind(server));
  await eventually('it is gone', async () => (await count()) === 0, 5_000);
  assert.deepEqual(requests, []);
});

test('a client that resets its connection while the application decides does not end the process', async (t) => {
  let begun = false;
  let isGone = false;
  const { realm, open } = await setUp(t, async (_request, socket) => {
    begun = true;
    await new Promise((resolve) => socket.once('close', resolve));
    isGone = true;
  });
  const socket = open([...HANDSHAKE, `Authorization: Bearer ${realm.mint()}`]);
  await eventually('it was let in', () => begun);
  socket.resetAndDestroy();
  await eventually('the application sees that it is gone', () => isGone);
});
