import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseEnv } from 'node:util';
import { type AdminConnection, connectAdmin } from '../../../packages/cli/src/admin/connection.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';
import { runCli } from '../support/run-cli.ts';
import { takeSnapshot } from '../support/snapshot.ts';

const keycloak = requireKeycloak();
const REALM = 'setup-every';
const PASSWORD = 'Test#123456';
const ENV = {
  KEYCLOAK_ADMIN_USER: keycloak.adminUser,
  KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword,
  SETUP_PASSWORD: PASSWORD,
};

describe('setup', () => {
  let api: AdminConnection['api'];
  let folder: string;
  const setup = (args: string[], env: Record<string, string> = {}, input = '') =>
    runCli(['setup', '--url', keycloak.url, '--realm', REALM, ...args], {
      cwd: folder,
      // Creating a realm takes a Keycloak that has just started, on a busy machine, more than the usual 5 s.
      env: { ...ENV, KEYCLOAK_TIMEOUT_MS: '30000', ...env },
      input,
    });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'setup-'));
    const credentials = { realm: 'master', username: keycloak.adminUser, password: keycloak.adminPassword };
    ({ api } = await connectAdmin({ serverUrl: keycloak.url, credentials, timeoutMs: 120_000 }));
    await api.realms.del({ realm: REALM }).catch(() => {});
  });
  after(async () => {
    await api.realms.del({ realm: REALM }).catch(() => {});
    await rm(folder, { recursive: true });
  });

  test('a dry run shows the plan and changes nothing', async () => {
    const run = await setup(['--user', 'abdullah', '--dry-run']);
    assert.equal(run.stderr, '');
    assert.match(run.stdout, /\+ create realm setup-every\n.*\+ create client fastapi-keycloak/s);
    assert.match(run.stdout, /Dry run: nothing was changed\./);
    assert.equal(run.code, 0);
    assert.equal(await api.realms.findOne({ realm: REALM }), null);
  });

  test('with nobody to say yes nothing is changed, and the exit code is 2', async () => {
    const nameless = await setup(['--user', 'abdullah']);
    assert.match(nameless.stderr, /the client is missing: give --client-id/);
    assert.equal(nameless.code, 2);
    const run = await setup(['--client-id', 'fastapi-keycloak', '--user', 'abdullah']);
    assert.match(run.stdout, /Run it again with --yes/);
    assert.equal(run.code, 2);
    assert.equal(await api.realms.findOne({ realm: REALM }), null);
  });

  test('an empty Keycloak is set up, and a login is tried', async () => {
    await writeFile(join(folder, '.env'), '# mine\nPORT=8000\n', { mode: 0o644 });
    const run = await setup([
      '--user',
      'abdullah',
      '--name',
      'Abdullah Alqahtani',
      '--role',
      'editor',
      '--group',
      '/staff/dev',
      '--client-role',
      'reader',
      '--yes',
    ]);
    assert.equal(run.stderr, '');
    for (const proof of ['log in as abdullah', 'userinfo', 'introspection', 'logout']) {
      assert.match(run.stdout, new RegExp(`✓ ${proof}`));
    }
    assert.equal(run.code, 0);
    assert.ok(!run.stdout.includes('\u001b'), 'no colours in a pipe');
  });

  test('.env has the settings, keeps its other lines, and only its owner reads it', async () => {
    const text = await readFile(join(folder, '.env'), 'utf8');
    const { KEYCLOAK_CLIENT_SECRET: secret, SESSION_SECRET: ofSessions, ...rest } = parseEnv(text);
    assert.match(text, /^# mine\nPORT=8000\n/);
    assert.deepEqual(rest, {
      PORT: '8000',
      KEYCLOAK_SERVER_URL: keycloak.url,
      KEYCLOAK_REALM: REALM,
      KEYCLOAK_CLIENT_ID: 'fastapi-keycloak',
    });
    assert.ok((secret ?? '').length >= 32);
    assert.ok((ofSessions ?? '').length >= 64 && ofSessions !== secret);
    assert.equal((await stat(join(folder, '.env'))).mode & 0o777, 0o600);
  });

  test('a second run finds nothing to change', async () => {
    const before = await takeSnapshot(api, REALM, 'fastapi-keycloak', 'abdullah');
    const run = await setup([
      '--user',
      'abdullah',
      '--role',
      'editor',
      '--group',
      '/staff/dev',
      '--client-role',
      'reader',
      '--yes',
    ]);
    assert.match(run.stdout, /Nothing to change\./);
    assert.doesNotMatch(run.stdout, /^ {2}[+~]/m);
    assert.equal(run.code, 0);
    assert.deepEqual(await takeSnapshot(api, REALM, 'fastapi-keycloak', 'abdullah'), before);
  });

  test('the doctor is content with it', async () => {
    const env = { ...ENV, DOCTOR_USER: 'abdullah', DOCTOR_PASSWORD: PASSWORD };
    const run = await runCli(['doctor', '--json'], { cwd: folder, env });
    const report = JSON.parse(run.stdout) as {
      ok: boolean;
      checks: { id: string; status: string; seen: string; cause: string; fix: string }[];
    };
    const told = report.checks.filter(
      ({ id, status }) => status === 'fail' || (status === 'warn' && id !== 'issuer.hostname'),
    );
    assert.deepEqual(told, []);
    assert.equal(report.ok, true);
    assert.equal(run.code, 0);
    assert.deepEqual(Object.keys(report.checks[0] ?? {}), ['id', 'status', 'seen', 'cause', 'fix']);
    assert.ok(report.checks.filter(({ status }) => status === 'ok').length > 50);
  });

  test('a client that somebody changed is brought back; what is there stays', async () => {
    const client = (await api.clients.find({ realm: REALM, clientId: 'fastapi-keycloak' }))[0];
    const id = client?.id ?? '';
    await api.clients.update(
      { realm: REALM, id },
      {
        ...client,
        directAccessGrantsEnabled: false,
        redirectUris: ['https://app.example.com/*'],
        webOrigins: ['https://app.example.com'],
        attributes: { ...client?.attributes, 'backchannel.logout.url': 'https://app.example.com/logout' },
      },
    );
    const run = await setup(['--user', 'abdullah', '--yes']);
    assert.match(run.stdout, /Direct access grants: off → on/);
    assert.match(
      run.stdout,
      /Valid redirect URIs: https:\/\/app\.example\.com\/\* → https:\/\/app\.example\.com\/\*, http:\/\/localhost:8000\/\*/,
    );
    assert.equal(run.code, 0);
    const after = (await api.clients.find({ realm: REALM, clientId: 'fastapi-keycloak' }))[0];
    assert.equal(after?.directAccessGrantsEnabled, true);
    assert.deepEqual(after?.webOrigins?.sort(), ['http://localhost:8000', 'https://app.example.com']);
    assert.equal(after?.attributes?.['backchannel.logout.url'], 'https://app.example.com/logout');
  });

  test('what makes a realm safer is not turned back, but told', async () => {
    const client = (await api.clients.find({ realm: REALM, clientId: 'fastapi-keycloak' }))[0];
    const id = client?.id ?? '';
    await api.clients.update({ realm: REALM, id }, { ...client, consentRequired: true });
    const run = await setup(['--user', 'abdullah', '--yes']);
    assert.match(run.stdout, /! client fastapi-keycloak: the client asks users for consent/);
    assert.equal(run.code, 1);
    assert.equal(
      (await api.clients.find({ realm: REALM, clientId: 'fastapi-keycloak' }))[0]?.consentRequired,
      true,
    );
    await api.clients.update({ realm: REALM, id }, { ...client, consentRequired: false });
  });

  test('another value in .env is not replaced without being asked for', async () => {
    const before = await readFile(join(folder, '.env'), 'utf8');
    const run = await setup(['--client-id', 'another-api', '--user', 'abdullah', '--yes']);
    assert.match(run.stderr, /\.env has other values/);
    assert.match(run.stderr, /KEYCLOAK_CLIENT_ID: fastapi-keycloak → another-api/);
    assert.equal(run.code, 2);
    assert.equal(await readFile(join(folder, '.env'), 'utf8'), before);
    assert.deepEqual(await api.clients.find({ realm: REALM, clientId: 'another-api' }), []);
  });

  test('an admin of the realm alone is enough, with the password on standard input', async () => {
    await api.users.create({
      realm: REALM,
      username: 'boss',
      enabled: true,
      email: 'boss@example.com',
      emailVerified: true,
      firstName: 'B',
      lastName: 'Oss',
      credentials: [{ type: 'password', value: 'boss#1', temporary: false }],
    });
    const boss = (await api.users.find({ realm: REALM, username: 'boss' }))[0]?.id ?? '';
    const management = (await api.clients.find({ realm: REALM, clientId: 'realm-management' }))[0]?.id ?? '';
    const role = await api.clients.findRole({ realm: REALM, id: management, roleName: 'realm-admin' });
    await api.users.addClientRoleMappings({
      realm: REALM,
      id: boss,
      clientUniqueId: management,
      roles: [{ id: role?.id ?? '', name: 'realm-admin' }],
    });
    const run = await setup(
      [
        '--admin-realm',
        REALM,
        '--admin-user',
        'boss',
        '--admin-password-stdin',
        '--client-id',
        'by-boss',
        '--env',
        'boss.env',
        '--user',
        'abdullah',
        '--yes',
      ],
      { KEYCLOAK_ADMIN_PASSWORD: '' },
      'boss#1\n',
    );
    assert.equal(run.stderr, '');
    assert.match(run.stdout, /✓ created client by-boss/);
    assert.equal(run.code, 0);
  });

  test('a service account is enough', async () => {
    await api.clients.create({
      realm: REALM,
      clientId: 'robot',
      secret: 'robot-secret',
      publicClient: false,
      serviceAccountsEnabled: true,
    });
    const robot = (await api.clients.find({ realm: REALM, clientId: 'robot' }))[0]?.id ?? '';
    const account = await api.clients.getServiceAccountUser({ realm: REALM, id: robot });
    const management = (await api.clients.find({ realm: REALM, clientId: 'realm-management' }))[0]?.id ?? '';
    const role = await api.clients.findRole({ realm: REALM, id: management, roleName: 'realm-admin' });
    await api.users.addClientRoleMappings({
      realm: REALM,
      id: account?.id ?? '',
      clientUniqueId: management,
      roles: [{ id: role?.id ?? '', name: 'realm-admin' }],
    });
    const run = await setup(
      [
        '--admin-realm',
        REALM,
        '--admin-client-id',
        'robot',
        '--client-id',
        'by-robot',
        '--env',
        'robot.env',
        '--user',
        'abdullah',
        '--yes',
      ],
      { KEYCLOAK_ADMIN_CLIENT_SECRET: 'robot-secret' },
    );
    assert.equal(run.stderr, '');
    assert.match(run.stdout, /✓ introspection: active/);
    assert.equal(run.code, 0);
  });

  test('a wrong admin password is told with what to look at, and no secret is printed', async () => {
    const run = await setup(['--user', 'abdullah', '--yes'], { KEYCLOAK_ADMIN_PASSWORD: 'not-it' });
    assert.match(run.stderr, /invalid_grant: Invalid user credentials/);
    assert.match(run.stderr, /--admin-realm/);
    assert.equal(run.code, 1);
    assert.ok(!`${run.stdout}${run.stderr}`.includes('not-it'));
  });
});
