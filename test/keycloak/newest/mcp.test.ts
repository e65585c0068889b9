import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  type CredentialOptions,
  createCredential,
  createIssuer,
} from '../../../packages/guard/src/core/index.ts';
import { describeDance, startExample } from '../../contract/mcp/dance.ts';
import { SERVERS } from '../../contract/mcp/servers.ts';
import { createMcpRealm } from '../support/mcp-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

// The third server differs from the second in nothing that Keycloak sees.
describeDance(`Keycloak ${keycloak.version}`, (url) => createMcpRealm(keycloak, url), [
  SERVERS[0],
  SERVERS[1],
]);

describe('setup mcp', () => {
  test('does nothing where all is there, and puts back what is missing', async (t) => {
    const url = 'https://tools.example.com/mcp';
    const realm = await createMcpRealm(keycloak, url);
    t.after(() => realm.close());
    const all = ['--scope', 'notes:write', '--registration'];
    const again = await realm.setUp(...all, '--yes');
    assert.match(again.stdout, /Nothing to change\./);

    const find = async (path: string, name: string) =>
      (
        (await (await realm.call('GET', path)).json()) as { id: string; name?: string; clientId?: string }[]
      ).find((one) => one.name === name || one.clientId === name)?.id as string;
    const scope = await find('/client-scopes', 'notes:write');
    await realm.call('DELETE', `/default-optional-client-scopes/${scope}`);
    const mapper = await find(`/client-scopes/${scope}/protocol-mappers/models`, `audience ${url}`);
    await realm.call('DELETE', `/client-scopes/${scope}/protocol-mappers/models/${mapper}`);
    await realm.call('DELETE', `/clients/${await find('/clients', 'mcp-client')}`);

    const dry = await realm.setUp(...all, '--dry-run');
    assert.match(
      dry.stdout,
      /~ change client scope notes:write\n +audience: \+ https:\/\/tools\.example\.com\/mcp\n/,
    );
    assert.match(dry.stdout, /optional scope of the realm: \+ yes\n(.*\n)*.*\+ create client mcp-client/);
    assert.equal((await realm.setUp(...all, '--yes')).code, 0);
    assert.match((await realm.setUp(...all, '--yes')).stdout, /Nothing to change\./);
  });
});

describe('setup mcp --credential key', () => {
  test('the server asks Keycloak about tokens by its key, and its secret is of no use any more', async (t) => {
    const url = 'https://tools.example.com/mcp';
    const realm = await createMcpRealm(keycloak, url);
    t.after(() => realm.close());
    const folder = mkdtempSync(join(tmpdir(), 'mcp-key-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const keyFile = join(folder, 'key.pem');
    const key = ['--scope', 'notes:write', '--credential', 'key', '--key-file', keyFile, '--yes'];
    assert.equal((await realm.setUp(...key)).code, 0);
    assert.match((await realm.setUp(...key)).stdout, /Nothing to change\./);
    const { serverUrl, realm: name, clientSecret: secret } = realm;
    const issuer = createIssuer({ serverUrl, realm: name });
    const askWith = async (credential: CredentialOptions) =>
      createCredential({ clientId: url, credential, onNotice: false }).authenticate(
        issuer,
        async ({ fields }) => {
          const body = new URLSearchParams({ ...fields, token: 'none' });
          const answer = await fetch(issuer.endpoints.introspection, { method: 'POST', body });
          return { status: answer.status, body: await answer.text() };
        },
      );
    assert.deepEqual(await askWith({ keyFile }), { status: 200, body: '{"active":false}' });
    // Keycloak 26.7 misses the assertion: 400.
    const refused = await askWith({ secret });
    assert.ok([400, 401].includes(refused.status), JSON.stringify(refused));
    assert.match(refused.body, /"error"/);
  });
});

describe('doctor --mcp', () => {
  test('finds nothing after setup, and each thing that was broken', async (t) => {
    const { realm, url } = await startExample(t, (at) => createMcpRealm(keycloak, at), {});
    assert.deepEqual(await realm.findTroubles(), []);

    type Found = { id: string; name?: string; attributes?: object; config?: object; providerId?: string };
    const read = async (path: string) => (await (await realm.call('GET', path)).json()) as Found[];
    const [server] = await read(`/clients?clientId=${encodeURIComponent(url.href)}`);
    const scopes = (await read('/client-scopes')).filter(({ name }) => name?.startsWith('notes:'));
    for (const { id } of scopes) {
      const models = `/client-scopes/${id}/protocol-mappers/models`;
      for (const mapper of await read(models)) await realm.call('DELETE', `${models}/${mapper.id}`);
    }
    await realm.call('DELETE', `/default-optional-client-scopes/${scopes[0]?.id}`);
    await realm.call('PUT', `/clients/${server?.id}`, {
      ...server,
      attributes: { ...server?.attributes, resource_url: '' },
    });
    const [offline] = (await read('/roles?search=offline_access')).filter(
      ({ name }) => name === 'offline_access',
    );
    const composite = (await read('/roles?search=default-roles')).at(0);
    await realm.call('DELETE', `/roles-by-id/${composite?.id}/composites`, [offline] as never);
    assert.deepEqual(await realm.findTroubles(), [
      'mcp.client warn',
      'mcp.audience fail',
      'mcp.username warn',
      'mcp.registration warn',
      'mcp.offline warn',
    ]);
  });
});
