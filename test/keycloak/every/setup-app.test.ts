import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseEnv } from 'node:util';
import { type AdminConnection, connectAdmin } from '../../../packages/cli/src/admin/connection.ts';
import { readPublicUrl, requireKeycloak } from '../support/real-keycloak.ts';
import { runCli } from '../support/run-cli.ts';

const keycloak = requireKeycloak();
const REALM = 'setup-app';
const TENANTS = ['setup-app-acme', 'setup-app-globex'];

describe('an application, and its tenants', () => {
  let api: AdminConnection['api'];
  let folder: string;
  const setup = (...args: string[]) =>
    runCli(['setup', ...args, '--url', keycloak.url, '--yes'], {
      cwd: folder,
      env: {
        KEYCLOAK_ADMIN_USER: keycloak.adminUser,
        KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword,
        SETUP_PASSWORD: 'Test#123456',
      },
    });
  const forget = async () => {
    for (const realm of [REALM, ...TENANTS]) await api.realms.del({ realm }).catch(() => {});
  };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'setup-app-'));
    const credentials = { realm: 'master', username: keycloak.adminUser, password: keycloak.adminPassword };
    ({ api } = await connectAdmin({ serverUrl: keycloak.url, credentials, timeoutMs: 120_000 }));
    await forget();
  });
  after(async () => {
    await forget();
    await rm(folder, { recursive: true });
  });

  const APP = [
    ...['app', '--realm', REALM, '--client-id', 'orders', '--page', 'shop', '--service', 'reports'],
    ...['--user', 'anna', '--role', 'editor', '--group', '/staff', '--scope', 'orders:read'],
  ];

  test('API, page and service by one command, without the console: the tokens of both are for the API', async () => {
    const made = await setup(...APP);
    assert.equal(made.code, 0, made.stdout + made.stderr);
    assert.match(
      made.stdout,
      /✓ introspection: [\s\S]*✓ login page for shop: HTTP 200\n {2}✓ token of reports: active, for orders/,
    );
    const again = await setup(...APP, '--overwrite-env');
    assert.match(again.stdout, /Nothing to change\./);
    const service = parseEnv(await readFile(join(folder, 'service.env'), 'utf8'));
    assert.equal(service.KEYCLOAK_CLIENT_ID, 'reports');

    const [page] = await api.clients.find({ realm: REALM, clientId: 'shop' });
    const [anna] = await api.users.find({ realm: REALM, username: 'anna' });
    const asked = { realm: REALM, id: page?.id ?? '', userId: anna?.id ?? '', audience: '' };
    const claims = (await api.clients.evaluateGenerateAccessToken({
      ...{ ...asked, scope: 'openid orders:read' },
    })) as { aud?: string | string[]; groups?: string[]; scope?: string; realm_access?: { roles: string[] } };
    assert.ok([claims.aud].flat().includes('orders'), JSON.stringify(claims.aud));
    assert.deepEqual(claims.groups, ['/staff']);
    assert.ok(claims.scope?.split(' ').includes('orders:read'), claims.scope);
    assert.ok(claims.realm_access?.roles.includes('editor'));
  });

  test('a realm for each tenant, with secrets and keys of its own, and nothing to change the second time', async () => {
    const made = await setup(
      'tenant',
      ...TENANTS,
      '--template',
      REALM,
      '--secrets',
      'secrets.json',
      '--no-env',
    );
    assert.equal(made.code, 0, made.stdout + made.stderr);
    const secrets = JSON.parse(await readFile(join(folder, 'secrets.json'), 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const all = TENANTS.map((name) => secrets[name]?.reports);
    const own = parseEnv(await readFile(join(folder, 'service.env'), 'utf8')).KEYCLOAK_CLIENT_SECRET;
    assert.equal(new Set([...all, own]).size, 3);
    for (const realm of TENANTS) {
      const answer = await fetch(`${keycloak.url}/realms/${realm}/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams({
          ...{ grant_type: 'client_credentials', client_id: 'reports' },
          client_secret: secrets[realm]?.reports ?? '',
        }),
      });
      const { access_token: token = '' } = (await answer.json()) as { access_token?: string };
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
      assert.equal(claims.iss, `${await readPublicUrl(keycloak)}/realms/${realm}`);
      assert.ok([claims.aud].flat().includes('orders'), JSON.stringify(claims.aud));
    }
    const again = await setup('tenant', '--all', '--template', REALM, '--no-env');
    assert.match(again.stdout, /Nothing to change\./);
  });

  test('what its export has later reaches all tenants of it', async () => {
    const file = join(folder, 'template.json');
    const realm = { realm: REALM, roles: { realm: [{ name: 'auditor' }] } };
    await writeFile(file, JSON.stringify(realm));
    const made = await setup('tenant', '--all', '--template', file, '--no-env');
    assert.equal(made.code, 0, made.stdout + made.stderr);
    for (const name of TENANTS)
      assert.ok(await api.roles.findOneByName({ realm: name, name: 'auditor' }), name);
  });

  test('organizations, where Keycloak has them', async (t) => {
    const [major = 0] = keycloak.version.split('.').map(Number);
    if (major < 26) return t.skip('organizations came with Keycloak 26');
    const args = ['tenant', 'acme', '--organization', '--realm', REALM, '--no-env'];
    const made = await setup(...args, '--domain', 'acme.test', '--user', 'anna', '--role', 'owner');
    assert.equal(made.code, 0, made.stdout + made.stderr);
    const [acme] = await api.organizations.find({ realm: REALM, search: 'acme' });
    const members = await api.organizations.listMembers({ realm: REALM, orgId: acme?.id ?? '' });
    assert.deepEqual(
      members.map(({ username }) => username),
      ['anna'],
    );
    const again = await setup(...args, '--domain', 'acme.test', '--user', 'anna', '--role', 'owner');
    assert.match(again.stdout, /Nothing to change\./);
    const more = await setup(...args, '--domain', 'acme.example');
    assert.match(more.stdout, /opens: people with an address of acme\.example are led to acme/);
    assert.equal(more.code, 0, more.stdout + more.stderr);
  });
});
