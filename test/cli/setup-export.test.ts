import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { startTestIdp } from '../support/dev-idp.ts';
import { runInProcess } from './support/in-process.ts';
import { emptyFolder } from './support/program.ts';

const ARGS = [
  'setup',
  'export',
  'realm.json',
  '--url',
  'http://localhost:8080',
  '--realm',
  'shop',
  '--no-user',
];

async function run(folder: string, ...more: string[]) {
  const { code, stdout, stderr } = await runInProcess([...ARGS, ...more], {}, folder);
  const [realm, env] = ['realm.json', '.env'].map((name) => readFileSync(join(folder, name), 'utf8'));
  return { code, out: stdout + stderr, realm: realm as string, env: env as string };
}

test('an export writes all that setup writes, and a second one is the same byte for byte', async () => {
  const folder = emptyFolder();
  const args = ['--role', 'editor', '--group', '/staff', '--app', 'https://shop.example'];
  const first = await run(folder, ...args);
  assert.equal(first.code, 0, first.out);
  assert.match(first.out, /\nImport it: copy it into data\/import\/ of Keycloak/);
  const { SESSION_SECRET, KEYCLOAK_CLIENT_SECRET, PUBLIC_URL } = parseEnv(first.env);
  assert.match(SESSION_SECRET ?? '', /^[0-9a-f]{64}$/);
  assert.equal(PUBLIC_URL, 'https://shop.example');
  assert.equal(JSON.parse(first.realm).clients[0].secret, KEYCLOAK_CLIENT_SECRET);
  assert.ok(!first.out.includes(SESSION_SECRET ?? '-') && !first.out.includes(KEYCLOAK_CLIENT_SECRET ?? '-'));
  const second = await run(folder, ...args, '--yes');
  assert.deepEqual([second.code, second.realm, second.env], [0, first.realm, first.env], second.out);
});

test('what a realm file cannot hold is left to a person, with the command for it, and not lost', async () => {
  const folder = emptyFolder();
  mkdirSync(join(folder, 'src'));
  writeFileSync(
    join(folder, 'src/app.ts'),
    `import { keycloak } from 'keycloak-guard/express';
     kc.guard({ scope: 'orders:write', organization: { alias: ':org', id: 'o-1', group: '/staff', realmRole: 'billing' } });`,
  );
  const { code, out, realm } = await run(folder, '--scope', 'orders:read', '--from', 'src');
  assert.equal(code, 1, out);
  for (const scope of ['orders:read', 'orders:write'])
    assert.ok(out.includes(`by hand: after the import, npx keycloak-guard setup --scope ${scope}`), out);
  assert.ok(out.includes('by hand: after the import, npx keycloak-guard setup --from src'), out);
  assert.match(out, /Groups in organizations .*: \/staff/);
  const { organizationsEnabled, roles, clientScopes, clients } = JSON.parse(realm);
  assert.deepEqual(
    [organizationsEnabled, roles.realm, clientScopes],
    [true, [{ name: 'billing' }], undefined],
  );
  assert.match(JSON.stringify(clients[0].protocolMappers), /oidc-organization-group-membership-mapper/);
});

test('the embedded provider serves the realm of an export, with the roles of an organization that is added to it', async (t) => {
  const folder = emptyFolder();
  await run(folder, '--organization-groups', '--role', 'billing');
  const idp = await startTestIdp({ realmFile: join(folder, 'realm.json') });
  t.after(() => idp.close());
  idp.addUser({ username: 'anna' });
  idp.addOrganization({
    ...{ name: 'Acme', alias: 'acme', groups: [{ name: 'staff', realmRoles: ['billing'] }] },
    members: [{ username: 'anna', groups: ['/staff'] }],
  });
  const token = await idp.issueToken({ username: 'anna', scope: 'openid organization:acme' });
  const { organization } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  assert.deepEqual(organization, { acme: { groups: ['/staff'], realm_access: { roles: ['billing'] } } });
});

for (const args of [
  ['--authz', 'authz.json'],
  ['--enable'],
  ['--credential', 'key'],
  ['--admin-user', 'admin'],
])
  test(`an export refuses ${args[0]}, which no realm file can hold`, async () => {
    const folder = emptyFolder();
    const { code, stderr } = await runInProcess([...ARGS, ...args], {}, folder);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`Unknown option .${args[0]}[^]*setup export --help names all options`));
    assert.equal(existsSync(join(folder, 'realm.json')), false);
  });

test('an exported user has the roles of the realm and of the client, and is in the groups; with no roles named, in the default ones alone', async () => {
  const folder = emptyFolder();
  const exportUser = async (...more: string[]) => {
    const where = ['--url', 'http://localhost:8080', '--realm', 'Shop', '--client-id', 'api'];
    const args = ['setup', 'export', 'realm.json', ...where, '--user', 'sara', '--yes', ...more];
    const { code, stderr } = await runInProcess(args, { SETUP_PASSWORD: 'Secret#1' }, folder);
    assert.equal(code, 0, stderr);
    const { users } = JSON.parse(readFileSync(join(folder, 'realm.json'), 'utf8'));
    assert.equal(users.length, 1);
    const [{ username, credentials, realmRoles, clientRoles, groups }] = users;
    assert.equal(username, 'sara');
    assert.deepEqual(credentials, [{ type: 'password', value: 'Secret#1', temporary: false }]);
    return { realmRoles, clientRoles, groups };
  };
  const roles = ['--role', 'boss', '--client-role', 'reader', '--group', '/staff/dev'];
  assert.deepEqual(await exportUser(...roles), {
    ...{
      realmRoles: ['default-roles-shop', 'boss'],
      clientRoles: { api: ['reader'] },
      groups: ['/staff/dev'],
    },
  });
  assert.deepEqual(await exportUser(), {
    ...{ realmRoles: ['default-roles-shop'], clientRoles: { api: [] }, groups: [] },
  });
});
