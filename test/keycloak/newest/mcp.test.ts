import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeDance } from '../../contract/mcp/dance.ts';
import { createMcpRealm } from '../support/mcp-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

describeDance(`Keycloak ${keycloak.version}`, (url) => createMcpRealm(keycloak, url));

describe('setup --mcp', () => {
  test('does nothing where all is there, and puts back what is missing', async (t) => {
    const url = 'https://tools.example.com/mcp';
    const realm = await createMcpRealm(keycloak, url);
    t.after(() => realm.close());
    const all = ['--mcp-scope', 'notes:write', '--mcp-registration'];
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
