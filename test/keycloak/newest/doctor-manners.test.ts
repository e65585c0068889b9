import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createLab, type Lab } from '../support/lab.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';
import { runCli } from '../support/run-cli.ts';
import { takeSnapshot } from '../support/snapshot.ts';

const { adminUser, adminPassword } = requireKeycloak();

describe('the doctor', () => {
  let lab: Lab;
  let folder: string;
  const admin = { KEYCLOAK_ADMIN_USER: adminUser, KEYCLOAK_ADMIN_PASSWORD: adminPassword };

  before(async () => {
    lab = await createLab('doctor-manners');
    folder = await mkdtemp(join(tmpdir(), 'doctor-manners-'));
    const { url, realm, clientId, secret } = lab;
    const lines = [
      `KEYCLOAK_SERVER_URL=${url}`,
      `KEYCLOAK_REALM=${realm}`,
      `KEYCLOAK_CLIENT_ID=${clientId}`,
      `KEYCLOAK_CLIENT_SECRET=${secret}`,
      '',
    ];
    await writeFile(join(folder, '.env'), lines.join('\n'), { mode: 0o600 });
  });
  after(async () => {
    await lab.close();
    await rm(folder, { recursive: true });
  });

  const doctor = (args: string[], env: Record<string, string> = {}, input = '') =>
    runCli(['doctor', ...args], { cwd: folder, env, input });
  const user = () => ({ DOCTOR_USER: lab.username, DOCTOR_PASSWORD: lab.password });

  test('changes nothing, leaves no session behind, and locks nobody out', async () => {
    const realm = { realm: lab.realm };
    await lab.api.realms.update(realm, { bruteForceProtected: true, failureFactor: 2 });
    const before = await takeSnapshot(lab.api, lab.realm, lab.clientId, lab.username);
    for (const env of [
      user(),
      { ...user(), ...admin },
      { ...admin, DOCTOR_USER: lab.username, DOCTOR_PASSWORD: 'wrong' },
    ]) {
      await doctor(['--json'], env);
    }
    assert.deepEqual(await takeSnapshot(lab.api, lab.realm, lab.clientId, lab.username), before);
    const id = await lab.userId();
    assert.deepEqual(await lab.api.users.listSessions({ ...realm, id }), []);
    const attack = await lab.api.attackDetection.findOne({ ...realm, id });
    assert.equal(attack?.disabled, false);
    // One failure is left until the lock: with an admin at hand it is not spent.
    const careful = await doctor(['--json'], {
      ...admin,
      DOCTOR_USER: lab.username,
      DOCTOR_PASSWORD: 'wrong',
    });
    const report = JSON.parse(careful.stdout) as { checks: { id: string; status: string; seen: string }[] };
    const login = report.checks.find((one) => one.id === 'login.password');
    assert.deepEqual(
      [login?.status, login?.seen],
      ['skipped', 'not tried: a wrong password would lock the user'],
    );
    assert.equal((await lab.api.attackDetection.findOne({ ...realm, id }))?.disabled, false);
    await lab.restore();
  });

  test('says the same on a pipe in plain lines, with exit code 1 for trouble and 0 for none', async () => {
    const well = await doctor([], user());
    assert.match(well.stdout, /^✓ settings\.valid /);
    assert.match(well.stdout, /\nNo problems, \d+ checks passed/);
    assert.equal(well.code, 0);
    await lab.client({ directAccessGrantsEnabled: false });
    const broken = await doctor([], user());
    assert.match(
      broken.stdout,
      /\n✗ client\.direct-grants +HTTP 400 .*\n {4}cause: direct access grants are off.*\n {4}fix: {3}Clients > lab-api/,
    );
    assert.match(broken.stdout, /\n1 problem, /);
    assert.equal(broken.code, 1);
    assert.ok(!`${well.stdout}${broken.stdout}`.includes('\u001b'));
    await lab.restore();
  });

  test('--fix mends what setup can mend, and looks again; what is off needs --enable', async () => {
    await lab.client({
      directAccessGrantsEnabled: false,
      redirectUris: ['https://elsewhere.example/*'],
      webOrigins: [],
    });
    const careful = await doctor(['--fix', '--yes'], { ...user(), ...admin });
    assert.match(careful.stdout, /setup can fix: .*client\.direct-grants.*client\.redirect-uri/);
    assert.match(
      careful.stdout,
      /! client lab-api: the switch 'Direct access grants' is off, perhaps on purpose\n.*--enable/,
    );
    assert.match(careful.stdout, /\n1 problem, /);
    assert.equal(careful.code, 1);
    const mended = await doctor(['--fix', '--yes', '--enable'], { ...user(), ...admin });
    assert.match(mended.stdout, /Direct access grants: off → on[\s\S]*Looking again:/);
    const again = await doctor(['--json'], { ...user(), ...admin });
    const report = JSON.parse(again.stdout) as { ok: boolean; checks: { status: string }[] };
    assert.equal(report.ok, true);
    assert.deepEqual(
      report.checks.filter(({ status }) => status === 'fail' || status === 'warn'),
      [],
    );
    assert.equal(mended.code, 0);
    await lab.restore();
  });

  test('--fix without anybody to ask applies nothing', async () => {
    await lab.client({ directAccessGrantsEnabled: false });
    const run = await doctor(['--fix'], { ...user(), ...admin });
    assert.match(run.stdout, /Run it again with --yes\.\n$/, 'it does not look again');
    assert.equal(run.code, 1);
    assert.equal(
      (await lab.api.clients.find({ realm: lab.realm, clientId: lab.clientId }))[0]
        ?.directAccessGrantsEnabled,
      false,
    );
    await lab.restore();
  });

  test('a token on standard input is looked at', async () => {
    const login = await lab.calls.passwordGrant(lab.username, lab.password);
    const good = await doctor(['--token', '-'], {}, `Bearer ${login.json?.access_token}\n`);
    assert.match(good.stdout, /✓ token\.accepted .*would accept it for anna/);
    assert.equal(good.code, 0);
    const id = await doctor(['--token', '-', '--json'], {}, String(login.json?.id_token));
    const told = (
      JSON.parse(id.stdout) as { checks: { id: string; status: string; cause: string }[] }
    ).checks.find(({ status }) => status === 'fail');
    assert.deepEqual([told?.id, told?.cause], ['token.accepted', "it is not an access token (typ 'ID')"]);
    assert.equal(id.code, 1);
    await lab.calls.logout(String(login.json?.refresh_token));
    const ended = await doctor(['--token', '-'], {}, String(login.json?.access_token));
    assert.match(ended.stdout, /✗ token\.session .*user_session_not_found/);
    assert.equal(ended.code, 1);
  });

  test('is called wrongly: exit code 2, and every mistake is named', async () => {
    for (const [args, env, words] of [
      [['--nonsense'], {}, /nonsense/],
      [['--token', 'eyJ'], {}, /--token -/],
      [['--user', 'anna'], {}, /DOCTOR_PASSWORD/],
      [['--app', 'localhost:8000'], {}, /--app must be/],
      [[], { KEYCLOAK_ADMIN_USER: 'admin' }, /KEYCLOAK_ADMIN_PASSWORD/],
    ] as [string[], Record<string, string>, RegExp][]) {
      const run = await doctor(args, env);
      assert.equal(run.code, 2, args.join(' '));
      assert.match(run.stderr, words);
      assert.equal(run.stdout, '');
    }
  });
});
