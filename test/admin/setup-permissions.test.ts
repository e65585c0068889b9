import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import { readApiOptions } from '../../packages/cli/src/setup/api/options.ts';
import { setUpApi } from '../../packages/cli/src/setup/api/set-up.ts';
import { type FakeKeycloak, startFakeKeycloak } from './fake-keycloak.ts';
import { ADMIN, createLines } from './run-setup.ts';

const FILE = {
  scopes: ['view'],
  resources: [{ name: 'orders', scopes: ['view'] }],
  policies: [{ name: 'editors', type: 'role', roles: ['editor'], fetchRoles: true }],
  permissions: [{ name: 'see', resources: ['orders'], policies: ['editors'] }],
};

describe('setup with a file of permissions', () => {
  let keycloak: FakeKeycloak;
  let env: string;
  let lines: string[];
  let out: ReturnType<typeof createLines>['out'];
  beforeEach(async () => {
    keycloak = await startFakeKeycloak({ withDefaults: true });
    env = join(mkdtempSync(join(tmpdir(), 'setup-authz-')), '.env');
    ({ lines, out } = createLines());
  });
  afterEach(() => keycloak.close());

  /** With the file of permissions, if there is one and none is named. */
  const run = (...args: string[]): Promise<number> => {
    const file = join(dirname(env), 'authz.json');
    return runBare(...(existsSync(file) && !args.includes('--authz') ? ['--authz', file] : []), ...args);
  };

  async function runBare(...args: string[]): Promise<number> {
    const options = await readApiOptions(['--url', keycloak.url, '--env', env, ...args], ADMIN);
    return setUpApi(options, {}, out, undefined);
  }
  const write = (file: object, name = 'authz.json') =>
    writeFileSync(join(dirname(env), name), JSON.stringify(file));
  const services = () => [...keycloak.authz.values()];
  const names = () => services().flatMap(({ lists }) => [...lists.policy.values()].map(({ name }) => name));

  test('makes client, services and all that is in the file beside .env; and then nothing', async () => {
    write(FILE);
    assert.equal(await run('--role', 'editor', '--yes'), 0, lines.join('\n'));
    const [client] = keycloak.realms.get('testing')?.lists.clients ?? [];
    assert.deepEqual([client?.authorizationServicesEnabled, client?.serviceAccountsEnabled], [true, true]);
    assert.deepEqual(names(), ['editors', 'see']);
    assert.ok(lines.includes('  + create resource "orders"'));
    keycloak.changes.length = 0;
    lines.length = 0;
    assert.equal(await run('--yes'), 0);
    assert.deepEqual(keycloak.changes, []);
    assert.ok(lines.includes('Nothing to change.'), lines.join('\n'));
  });

  test('shows them in a dry run, and does nothing', async () => {
    write(FILE);
    assert.equal(await run('--dry-run'), 0);
    assert.ok(lines.some((line) => /authorization, with service accounts roles: off → on/.test(line)));
    assert.deepEqual(keycloak.changes, []);
  });

  test('deletes nothing, and says so', async () => {
    write(FILE);
    await run('--role', 'editor', '--yes');
    write({ ...FILE, resources: [], permissions: [] });
    assert.equal(await run('--yes'), 0);
    assert.deepEqual(names(), ['editors', 'see']);
    assert.ok(lines.some((line) => /keep resource "orders": not in the file/.test(line)));
  });

  test('runs no program that it was not told of, whatever stands beside .env', async () => {
    const program = join(dirname(env), 'authz.mjs');
    writeFileSync(
      program,
      `globalThis.wasRun = true; export default ${JSON.stringify({ scopes: ['fly'] })};`,
    );
    assert.equal(await run('--yes'), 0);
    assert.deepEqual([services(), 'wasRun' in globalThis], [[], false]);
    assert.equal(await run('--authz', program, '--yes'), 0);
    assert.equal('wasRun' in globalThis, true);
    assert.equal(services().length, 1);
    Reflect.deleteProperty(globalThis, 'wasRun');
  });

  test('takes the file that is named, and none that it finds', async () => {
    write(FILE);
    await runBare('--yes');
    assert.deepEqual(services(), []);
    write({ scopes: ['fly'] }, 'other.json');
    await run('--authz', join(dirname(env), 'other.json'), '--yes');
    assert.deepEqual(
      services().flatMap(({ lists }) => [...lists.scope.values()].map(({ name }) => name)),
      ['fly'],
    );
  });

  test('a file that is wrong, or names a role that nobody makes, stops it', async () => {
    write({ scops: [] });
    await assert.rejects(
      run('--yes'),
      (error) => error instanceof UsageError && /"scops"/.test(error.message),
    );
    assert.deepEqual(keycloak.changes, []);
    await runBare('--yes');
    const [client] = keycloak.realms.get('testing')?.lists.clients ?? [];
    assert.ok(client);
    // There is something else to do, which is not done either.
    client.redirectUris = [];
    keycloak.changes.length = 0;
    write(FILE);
    await assert.rejects(
      run('--yes'),
      (error) => error instanceof UsageError && /there is no role "editor"/.test(error.message),
    );
    assert.deepEqual(keycloak.changes, []);
  });
});
