import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { keycloak } from '../../packages/guard/src/adapters/node/index.ts';
import { listen } from '../adapters/listen.ts';
import { MCP, URL_OF_SERVER } from '../contract/mcp/mcp-adapter.ts';
import { openRawClient } from '../support/raw-client.ts';
import { settle } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** A server that has answered a message, and is sent the head of a message and the beginning of its body, which never ends. */
async function openUnfinished(t: TestContext, authorization: string | undefined) {
  const realm = createTestRealm({ clientId: URL_OF_SERVER });
  const { serverUrl, realm: name, clientId, fetch, clock } = realm;
  const kc = keycloak({ serverUrl, realm: name, clientId, fetch, clock, onNotice: false });
  const mcp = kc.mcp(MCP);
  const events = new EventEmitter();
  const passed: unknown[] = [];
  const server = createServer((request, response) => {
    request.on('close', () => events.emit('closed'));
    events.emit('arrived');
    mcp(request, response, (error) => {
      passed.push(error);
      response.end();
    });
  });
  const app = await listen(server, () => kc.close());
  t.after(() => app.close());
  const good = `Bearer ${realm.mint({ aud: URL_OF_SERVER, scope: 'mcp:tools' })}`;
  const message = { method: 'POST', headers: { authorization: good }, body: '{}' };
  assert.equal((await globalThis.fetch(`${app.url}/mcp`, message)).status, 200);
  assert.deepEqual(passed.splice(0), [undefined]);
  const [arrived, closed] = [once(events, 'arrived'), once(events, 'closed')];
  const { socket, received } = await openRawClient(app.url);
  t.after(() => socket.destroy());
  const lines = ['Host: x', `Authorization: ${authorization ?? good}`, 'Content-Length: 500'];
  socket.write(`POST /mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n{"method":`);
  await arrived;
  return { socket, received, passed, closed };
}

test('a client that goes away while its message is read is no error of the application', async (t) => {
  const { socket, passed, closed } = await openUnfinished(t, undefined);
  await settle();
  socket.destroy();
  await closed;
  await settle();
  assert.deepEqual(passed, []);
});

test('a client without a good token is answered before the end of its message', async (t) => {
  const { socket, received } = await openUnfinished(t, 'Bearer no-token');
  await once(socket, 'data', { signal: AbortSignal.timeout(10_000) });
  assert.match(received(), /^HTTP\/1\.1 401 /);
});
