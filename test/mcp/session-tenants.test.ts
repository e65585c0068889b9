import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainFetch } from '../../packages/testing/src/sign-in.ts';
import type { RunningApp } from '../contract/adapter/adapter.ts';
import { call, type McpAdapter, URL_OF_SERVER } from '../contract/mcp/mcp-adapter.ts';
import { createTestRealm } from '../support/test-realm.ts';
import { createWorld, HOSTS } from '../tenants/world.ts';
import { MCP_APPS } from './mcp-apps.ts';

const ADAPTER = MCP_APPS[0] as McpAdapter;
const MCP = { url: URL_OF_SERVER };

/** The status of a message in a session, or of the one that opens it. */
function senderTo({ url }: RunningApp, host = '127.0.0.1', id = 's') {
  const address = `http://${host}:${new URL(url).port}/mcp`;
  return async (token: string, isFirst = false) => {
    const headers = {
      ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(!isFirst && { 'mcp-session-id': id }),
    };
    const body = JSON.stringify(isFirst ? { method: 'initialize', id } : call('look'));
    return (await plainFetch(address, { method: 'POST', headers, body })).status;
  };
}

test('a session of an MCP server goes on for the organizations that it began with, and no others', async (t) => {
  const realm = createTestRealm({ clientId: 'my-api' });
  const { serverUrl, realm: name, fetch, clock } = realm;
  const app = await ADAPTER.start({
    keycloak: {
      ...{ serverUrl, realm: name, fetch, clock, clientId: 'my-api', audience: [URL_OF_SERVER] },
      ...{ tenants: 'organizations', onNotice: false },
    },
    ...{ mcp: MCP, onDenied() {}, parsesBodies: true },
  });
  t.after(() => app.close());
  const send = senderTo(app);
  const tokenFor = (...organization: string[]) => realm.mint({ aud: URL_OF_SERVER, organization });
  assert.equal(await send(tokenFor('acme'), true), 200);
  const statuses: number[] = [];
  for (const token of [tokenFor('acme'), tokenFor('globex'), tokenFor(), tokenFor('acme', 'globex')])
    statuses.push(await send(token));
  assert.deepEqual(statuses, [200, 404, 404, 404]);

  const ofTwo = senderTo(app, '127.0.0.1', 'of two');
  assert.equal(await ofTwo(tokenFor('acme', 'globex'), true), 200);
  assert.equal(await ofTwo(tokenFor('globex', 'acme')), 200);
  for (const organizations of [['evil', 'other'], ['acme', 'globex', 'evil'], ['globex'], []])
    assert.equal(await ofTwo(tokenFor(...organizations)), 404, `${organizations}`);
});

test('a session of an MCP server is of a person of one tenant, whoever has the same id elsewhere', async (t) => {
  const world = createWorld();
  const { issuer } = world.acme.realm;
  world.directory.set('globex', { realm: 'globex', issuer });
  world.globex.realm.discovery = { issuer };
  const { keycloak } = world.given('host');
  const app = await ADAPTER.start({
    keycloak: { ...keycloak, audience: [URL_OF_SERVER] },
    ...{ mcp: MCP, onDenied() {}, parsesBodies: true },
  });
  t.after(() => app.close());
  const [ours, theirs] = [world.acme, world.globex].map((one) =>
    one.realm.mint({ aud: URL_OF_SERVER, iss: issuer, sub: 'same' }),
  ) as [string, string];
  const [acme, globex] = [senderTo(app, HOSTS.acme), senderTo(app, HOSTS.globex)];
  assert.deepEqual([await acme(ours, true), await acme(ours), await globex(theirs)], [200, 200, 404]);
});
