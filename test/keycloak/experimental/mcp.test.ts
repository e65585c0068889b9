import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { describeDance, startExample } from '../../contract/mcp/dance.ts';
import { createPerson } from '../../contract/mcp/person.ts';
import { SERVERS } from '../../contract/mcp/servers.ts';
import { createMcpRealm } from '../support/mcp-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();
const HERE = ['--documents', '127.0.0.1'];
const REDIRECT_URI = 'http://127.0.0.1:41999/callback';

describeDance(
  `Keycloak ${keycloak.version} with resource indicators`,
  (url) => createMcpRealm(keycloak, url, ...HERE),
  [SERVERS[1]],
);

test('setup mcp --documents lets in a program that is named by its document, and doctor sees where none is', async (t) => {
  const { realm, url } = await startExample(t, (at) => createMcpRealm(keycloak, at, ...HERE), {});
  assert.deepEqual(await realm.findTroubles(), []);
  const clientId = await startDocument(t);
  const ask = new URL(`${keycloak.url}/realms/${realm.realm}/protocol/openid-connect/auth`);
  ask.search = new URLSearchParams({
    ...{ client_id: clientId, redirect_uri: REDIRECT_URI, response_type: 'code', resource: url.href },
    ...{ scope: 'notes:read', code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' },
  }).toString();
  for (const [challenge, method] of [
    ['', ''],
    ['a'.repeat(43), 'plain'],
  ] as const) {
    const bare = new URL(ask);
    bare.searchParams.set('code_challenge', challenge);
    bare.searchParams.set('code_challenge_method', method);
    if (challenge === '')
      for (const name of ['code_challenge', 'code_challenge_method']) bare.searchParams.delete(name);
    const refused = await fetch(bare, { redirect: 'manual' });
    const sent = new URL(refused.headers.get('location') ?? ask);
    assert.match(sent.searchParams.get('error_description') ?? '', /code.challenge.method/, method);
  }
  const person = createPerson(realm.user.username, realm.user.password, REDIRECT_URI);
  assert.ok((await person.authorize(ask)).searchParams.has('code'));
  assert.deepEqual(person.seen, ['sign-in', 'consent']);

  const all = ['--scope', 'notes:write', '--registration', '--yes'];
  assert.match((await realm.setUp(...all, ...HERE)).stdout, /Nothing to change\./);
  await realm.call('PUT', '/client-policies/policies', { policies: [] });
  assert.deepEqual(await realm.findTroubles(), ['mcp.metadata-documents fail']);
  const without = await realm.setUp(...all);
  assert.equal(without.code, 1);
  assert.match(without.stdout, /no client policy does: clients that choose one get "Client not found"/);
  const again = await realm.setUp(...all, ...HERE);
  assert.equal(again.code, 0, again.stdout);
  assert.match(again.stdout, /create client policy mcp-client-documents-here/);
  assert.deepEqual(await realm.findTroubles(), []);
});

test('doctor --mcp: a server that is no resource', async (t) => {
  const { realm, url } = await startExample(t, (at) => createMcpRealm(keycloak, at, ...HERE), {});
  const found = await realm.call('GET', `/clients?clientId=${encodeURIComponent(url.href)}`);
  const [server] = (await found.json()) as { id: string; attributes: object }[];
  await realm.call('PUT', `/clients/${server?.id}`, {
    ...server,
    attributes: { ...server?.attributes, resource_url: '' },
  });
  assert.deepEqual(await realm.findTroubles(), ['mcp.client warn']);
});

/** @returns the URL of a document, which is the client id that it names */
async function startDocument(t: TestContext): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        ...{ client_id: url, client_name: 'A documented program', redirect_uris: [REDIRECT_URI] },
        ...{ token_endpoint_auth_method: 'none', response_types: ['code'], scope: 'notes:read' },
      }),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/client.json`;
  return url;
}
