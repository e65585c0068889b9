import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseEnv } from 'node:util';
import { type AdminConnection, connectAdmin } from '../../../packages/cli/src/admin/connection.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';
import { runCli } from '../support/run-cli.ts';
import { takeSnapshot } from '../support/snapshot.ts';

const keycloak = requireKeycloak();
const [EXPORTED, APPLIED] = ['setup-exported', 'setup-applied'];
const WANTED = [
  '--user',
  'abdullah',
  '--name',
  'Abdullah Alqahtani',
  '--role',
  'editor',
  '--client-role',
  'reader',
  '--group',
  '/staff/dev',
];

describe('setup export', () => {
  let api: AdminConnection['api'];
  let folder: string;
  const env = {
    KEYCLOAK_ADMIN_USER: keycloak.adminUser,
    KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword,
    SETUP_PASSWORD: 'Test#123456',
  };
  const clear = () =>
    Promise.all([EXPORTED, APPLIED].map((realm) => api.realms.del({ realm }).catch(() => {})));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'setup-export-'));
    const credentials = { realm: 'master', username: keycloak.adminUser, password: keycloak.adminPassword };
    ({ api } = await connectAdmin({ serverUrl: keycloak.url, credentials, timeoutMs: 120_000 }));
    await clear();
  });
  after(async () => {
    await clear();
    await rm(folder, { recursive: true });
  });

  test('writes a realm file and a matching .env, both for their owner alone', async () => {
    const run = await runCli(
      ['setup', 'export', 'realm.json', '--url', keycloak.url, '--realm', EXPORTED, ...WANTED],
      { cwd: folder, env },
    );
    assert.equal(run.stderr, '');
    assert.equal(run.code, 0);
    for (const file of ['realm.json', '.env'])
      assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600);
    const realm = JSON.parse(await readFile(join(folder, 'realm.json'), 'utf8'));
    const settings = parseEnv(await readFile(join(folder, '.env'), 'utf8'));
    assert.equal(realm.clients[0].secret, settings.KEYCLOAK_CLIENT_SECRET);
    assert.ok(!run.stdout.includes(realm.clients[0].secret), 'the secret is not printed');
  });

  test('a realm imported from it is the one that setup makes, and the doctor is content', async () => {
    await api.realms.create(JSON.parse(await readFile(join(folder, 'realm.json'), 'utf8')));
    const doctorEnv = { ...env, DOCTOR_USER: 'abdullah', DOCTOR_PASSWORD: env.SETUP_PASSWORD };
    const doctor = await runCli(['doctor', '--json'], { cwd: folder, env: doctorEnv });
    const report = JSON.parse(doctor.stdout) as { checks: { id: string; status: string }[] };
    const told = report.checks.filter(
      ({ id, status }) => /fail|warn/.test(status) && id !== 'issuer.hostname',
    );
    assert.deepEqual(told, []);
    const again = await runCli(['setup', ...WANTED, '--dry-run'], { cwd: folder, env });
    assert.match(again.stdout, /Nothing to change\./);

    const applied = await runCli(
      ['setup', '--url', keycloak.url, '--realm', APPLIED, ...WANTED, '--no-env', '--yes'],
      { cwd: folder, env },
    );
    assert.equal(applied.code, 0);
    // A realm file that named client scopes would replace Keycloak's: there the client has the mapper itself.
    const groupsBy: unknown[] = [];
    const [one, other] = await Promise.all(
      [EXPORTED, APPLIED].map(async (realm) => {
        const snapshot = await takeSnapshot(api, realm, 'fastapi-keycloak', 'abdullah');
        const { mappers, defaultClientScopes = [] } = snapshot.client;
        const isGroups = ({ name }: { name?: string | undefined }) => name === 'groups';
        groupsBy.push([realm, mappers.some(isGroups), defaultClientScopes.includes('groups')]);
        const client = {
          ...snapshot.client,
          mappers: mappers.filter((mapper) => !isGroups(mapper)),
          defaultClientScopes: defaultClientScopes.filter((name) => name !== 'groups'),
        };
        return JSON.parse(JSON.stringify({ ...snapshot, client }).replaceAll(realm, 'REALM'));
      }),
    );
    assert.deepEqual(one, other);
    assert.deepEqual(
      groupsBy.sort(),
      [
        [APPLIED, false, true],
        [EXPORTED, true, false],
      ].sort(),
    );
  });
});
