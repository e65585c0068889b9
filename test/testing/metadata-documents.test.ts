import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createClock } from '../../packages/testing/src/clock.ts';
import { createRealm } from '../../packages/testing/src/realm/realm.ts';
import { addMcpServers } from '../../packages/testing/src/registration/mcp-servers.ts';
import { createMetadataDocuments } from '../../packages/testing/src/registration/metadata-documents.ts';

const REDIRECT_URI = 'http://127.0.0.1:3335/callback';

test('documents of clients: no more are kept than so many, and those in use stay', async (t) => {
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(url);
    response.end(JSON.stringify({ client_id: at(url), redirect_uris: [REDIRECT_URI] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const at = (path = '') => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

  const servers = [{ url: 'https://tools.example.com/mcp', scopes: ['mcp:tools'] }];
  const realm = createRealm(addMcpServers({ realm: 'main', enabled: true }, servers, ['cimd']), ['cimd']);
  const before = [...realm.clients()].length;
  const documents = createMetadataDocuments(realm, createClock(), 3);
  const ask = (path: string) =>
    documents.prepare(new URLSearchParams({ client_id: at(path), redirect_uri: REDIRECT_URI }));

  for (const path of ['/1', '/2', '/3', '/1', '/4', '/1', '/5']) await ask(path);
  assert.deepEqual(asked, ['/1', '/2', '/3', '/4', '/5']);
  assert.equal([...realm.clients()].length, before + 3);
  for (const [path, isKept] of [
    ['/1', true],
    ['/2', false],
    ['/3', false],
    ['/4', true],
    ['/5', true],
  ] as const) {
    assert.equal(realm.client(at(path)) !== undefined, isKept, path);
  }
  // Whoever was forgotten is read again.
  await ask('/2');
  assert.equal(asked.at(-1), '/2');
  assert.equal([...realm.clients()].length, before + 3);
});
