// A client of MCP, with real tokens from a provider in this process that answers as Keycloak does.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DevIdp, startDevIdp } from '@keycloak-guard/testing';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { buildApp } from '../src/app.ts';

const url = 'http://localhost:3000/mcp';
let idp: DevIdp;
let app: ReturnType<typeof buildApp>;

before(async () => {
  idp = await startDevIdp({ realmFile: 'realm.json' });
  app = buildApp({
    keycloak: { serverUrl: idp.url, realm: idp.realm, clientId: url, clientSecret: 'of-these-tests' },
  });
});
after(() => idp.close());

async function connect(username: string, scope: string): Promise<Client> {
  const token = await idp.issueToken({ username, clientId: 'mcp-client', scope });
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), {
      fetch: async (input, init) => app.fetch(new Request(input, init)),
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  return client;
}

test('without a token, a client learns where to sign in', async () => {
  const answer = await app.request(url, { method: 'POST' });
  assert.equal(answer.status, 401);
  assert.match(answer.headers.get('www-authenticate') ?? '', /resource_metadata=/);
});

test('a tool knows its caller', async () => {
  const client = await connect('ann', 'notes:read');
  const { content } = await client.callTool({ name: 'list-notes', arguments: {} });
  assert.deepEqual(content, [{ type: 'text', text: 'Notes of ann: buy tea' }]);
  await client.close();
});

test('a tool that needs another scope is refused without it', async () => {
  const reader = await connect('ann', 'notes:read');
  await assert.rejects(reader.callTool({ name: 'clear-notes', arguments: {} }));
  await reader.close();
  const writer = await connect('ann', 'notes:read notes:write');
  const { content } = await writer.callTool({ name: 'clear-notes', arguments: {} });
  assert.deepEqual(content, [{ type: 'text', text: 'Cleared' }]);
  await writer.close();
});
