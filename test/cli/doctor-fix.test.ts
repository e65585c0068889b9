import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fail, ok, warn } from '../../packages/cli/src/doctor/check.ts';
import { findFixable, fixFindings } from '../../packages/cli/src/doctor/fix.ts';
import { readDoctorOptions } from '../../packages/cli/src/doctor/options.ts';
import { createConsent } from '../../packages/cli/src/settings/from-folder.ts';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import { type FakeKeycloak, startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { ADMIN, createLines } from '../admin/run-setup.ts';
import { settingsFor } from './doctor-visit.ts';
import { runInProcess } from './support/in-process.ts';
import { emptyFolder } from './support/program.ts';

const FOUND = { id: 'client.direct-grants', ...fail('off', 'they are off', 'switch them on', []) };

describe('doctor --fix --yes', () => {
  let keycloak: FakeKeycloak;
  let client: Record<string, unknown>;
  let lines: string[];
  let out: ReturnType<typeof createLines>['out'];
  let file: string;

  /** @param setup the flags that each finding gives set-up */
  async function runMend(args: string[] = [], setup: string[][] = [[]]): Promise<number> {
    file = join(mkdtempSync(join(tmpdir(), 'doctor-fix-')), '.env');
    const settings = { ...settingsFor(keycloak.url), KEYCLOAK_CLIENT_SECRET: 'made-by-keycloak' };
    writeFileSync(
      file,
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const given = ['--env', file, '--fix', '--yes', ...args];
    const options = await readDoctorOptions(given, { ...ADMIN, DOCTOR_PASSWORD: 'Test#123456' });
    const found = setup.map((flags) => ({ ...FOUND, setup: flags }));
    return fixFindings(found, options, 'guide', out, createConsent(undefined), undefined);
  }

  beforeEach(async () => {
    keycloak = await startFakeKeycloak();
    ({ lines, out } = createLines());
    await fetch(`${keycloak.url}/admin/realms`, { method: 'POST', body: '{"realm":"testing"}' });
    client = {
      ...{ id: 'c-1', clientId: 'fastapi-keycloak', secret: 'made-by-keycloak', redirectUris: [] },
      ...{ standardFlowEnabled: false, directAccessGrantsEnabled: false },
    };
    keycloak.realms.get('testing')?.lists.clients.push(client as never);
  });
  afterEach(() => keycloak.close());

  test('mends the rest, and leaves login flows off that somebody switched off', async () => {
    assert.equal(await runMend(), 1);
    assert.deepEqual(client.redirectUris, ['http://localhost:8000/*']);
    assert.deepEqual([client.standardFlowEnabled, client.directAccessGrantsEnabled], [false, false]);
    const left = lines.filter((line) => line.includes('!'));
    assert.match(left[0] ?? '', /client fastapi-keycloak: the switch 'Standard flow' is off/);
    assert.match(left[1] ?? '', /client fastapi-keycloak: the switch 'Direct access grants' is off/);
    assert.ok(lines.some((line) => /--enable/.test(line)));
  });

  test('turns nothing on where a finding needs it: that is the word of --enable alone', async () => {
    client.enabled = false;
    await runMend([], [['--enable']]);
    assert.equal(client.enabled, false);
    await runMend(['--enable']);
    assert.equal(client.enabled, true);
  });

  test('switches them on with --enable', async () => {
    assert.equal(await runMend(['--enable']), 0);
    assert.deepEqual([client.standardFlowEnabled, client.directAccessGrantsEnabled], [true, true]);
  });

  test('takes the address of the first finding that has one, else the one that was named', async () => {
    const isOf = (host: string) => {
      const uris = client.redirectUris as string[];
      assert.deepEqual([...new Set(uris.map((uri) => new URL(uri).host))], [host]);
      client.redirectUris = [];
    };
    await runMend(['--app', 'http://named.example.com']);
    isOf('named.example.com');
    const findings = ['first', 'second'].map((name) => [`--app=http://${name}.example.com`]);
    await runMend(['--app', 'http://named.example.com'], findings);
    isOf('first.example.com');
  });

  test('writes no secret for sessions: the service ran without it', async () => {
    await runMend();
    assert.doesNotMatch(readFileSync(file, 'utf8'), /SESSION_SECRET/);
  });

  test('gives a user that is missing the password of the visit', async () => {
    await runMend(['--user', 'sara']);
    const sara = keycloak.realms.get('testing')?.lists.users.find(({ username }) => username === 'sara');
    assert.deepEqual(sara?.credentials, [{ type: 'password', value: 'Test#123456', temporary: false }]);
  });

  test('logs the admin in at the realm that was named for the visit', async (t) => {
    const { mock } = t.mock.method(globalThis, 'fetch');
    await runMend(['--admin-realm', 'testing']);
    const logins = mock.calls
      .map(({ arguments: [url] }) => String(url))
      .filter((url) => /\/token$/.test(url));
    assert.ok(logins.length > 0);
    assert.deepEqual(
      logins.filter((url) => !url.includes('/realms/testing/')),
      [],
    );
  });
});

test('setup is offered for what is wrong or may be, where it can do something about it', () => {
  const found = [
    { id: 'wrong', ...fail('', '', '', []) },
    { id: 'may be', ...warn('', '', '', ['--enable']) },
    { id: 'good', ...ok(''), setup: [] },
    { id: 'by hand', ...fail('', '', '') },
  ];
  const fixable = findFixable(found).map(({ id }) => id);
  assert.deepEqual(fixable, ['wrong', 'may be']);
});

test('a one-time code of the admin is taken, but not for --fix, which would need a second one', async () => {
  const args = ['--env', '/nonexistent/.env', '--admin-totp', '123456'];
  const { admin } = await readDoctorOptions(args, ADMIN);
  assert.deepEqual(admin, { realm: 'master', username: 'admin', password: 'admin', totp: '123456' });
  await assert.rejects(
    readDoctorOptions([...args, '--fix'], ADMIN),
    (error) => error instanceof UsageError && /setup with --admin-totp/.test(error.message),
  );
});

test('doctor --explain says what the words mean, and answers 0 where it knows them', async () => {
  const run = async (args: string[], input?: string) => {
    const { code, stdout } = await runInProcess(['doctor', ...args], { NO_COLOR: '1' }, undefined, input);
    return { code, text: stdout };
  };
  const [known, unknown, json, piped] = await Promise.all([
    run(['--explain', 'Invalid parameter: redirect_uri']),
    run(['--explain', 'the weather']),
    run(['--explain', 'Invalid parameter: redirect_uri', '--json']),
    run(['--explain'], 'one\nInvalid parameter: redirect_uri\n'),
  ]);
  assert.equal(known.code, 0);
  assert.match(known.text, /^[✓!] explain\.\S+ +.*redirect_uri.*\n {4}cause: /);
  assert.equal(unknown.code, 1);
  assert.match(unknown.text, /^✗ explain\.unknown +not known\n/);
  assert.equal(json.code, 0);
  assert.equal(JSON.parse(json.text).ok, true);
  assert.equal(piped.text, known.text);
});

test('doctor answers 1 where something is wrong, as lines or as JSON, and says which password is missing', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  await fetch(`${keycloak.url}/admin/realms`, { method: 'POST', body: '{"realm":"testing"}' });
  const folder = emptyFolder();
  const lines = Object.entries(settingsFor(keycloak.url)).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(join(folder, '.env'), lines.join(''), { mode: 0o600 });
  const run = async (args: string[], env: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await runInProcess(
      ['doctor', ...args],
      { NO_COLOR: '1', ...env },
      folder,
    );
    return { code, text: stdout, errors: stderr };
  };
  const looked = await run([], ADMIN);
  assert.equal(looked.code, 1);
  assert.doesNotMatch(looked.text, /setup can fix/);
  assert.match((await run(['--user', 'anna'])).errors, /--user needs the password: set DOCTOR_PASSWORD/);
  assert.match(
    (await run(['--admin-user', 'root'])).errors,
    /the admin needs a password: set KEYCLOAK_ADMIN_PASSWORD/,
  );
  const shown = JSON.parse((await run(['--json'], ADMIN)).text);
  assert.equal(shown.ok, false);
  assert.ok(shown.checks.some(({ status }: { status: string }) => status === 'fail'));
});

test('doctor --fix shows what it can fix, does it, and looks again; where nobody agrees, it changes nothing', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  await fetch(`${keycloak.url}/admin/realms`, { method: 'POST', body: '{"realm":"testing"}' });
  const client: Record<string, unknown> = {
    ...{ id: 'c-1', clientId: 'fastapi-keycloak', secret: 'made-by-keycloak', redirectUris: [] },
    ...{ standardFlowEnabled: true, directAccessGrantsEnabled: true },
  };
  keycloak.realms.get('testing')?.lists.clients.push(client as never);
  const folder = emptyFolder();
  const settings = { ...settingsFor(keycloak.url), KEYCLOAK_CLIENT_SECRET: 'made-by-keycloak' };
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(join(folder, '.env'), lines.join(''), { mode: 0o600 });
  const fix = async (...args: string[]) => {
    const env = { ...ADMIN, NO_COLOR: '1' };
    const run = await runInProcess(['doctor', '--fix', '--env', '.env', ...args], env, folder);
    return { ...run, passes: run.stdout.split('settings.valid').length - 1 };
  };
  const unasked = await fix();
  const fixable = 'client.web-origins, client.backchannel-logout, client.post-logout-uris';
  assert.ok(unasked.stdout.includes(`\n\nsetup can fix: ${fixable}\nKeycloak at `), unasked.stdout);
  assert.doesNotMatch(unasked.stdout, /Looking again/);
  assert.deepEqual([unasked.code, unasked.passes, client.redirectUris], [1, 1, []]);
  const agreed = await fix('--yes');
  assert.match(agreed.stdout, /\nsetup can fix: client\.web-origins, [\s\S]*\nLooking again:\n/);
  // The other findings of this Keycloak are left.
  assert.deepEqual([agreed.code, agreed.passes, client.redirectUris], [1, 2, ['http://localhost:8000/*']]);
  Object.assign(client, { standardFlowEnabled: false, directAccessGrantsEnabled: false });
  const done = await fix('--yes');
  assert.match(done.stdout, /\nsetup can fix none of this: see the fixes above\.\n$/);
  assert.deepEqual([done.code, done.passes], [1, 1]);
});
