import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { AdminError } from '../../packages/cli/src/admin/admin-error.ts';
import { connectAdmin } from '../../packages/cli/src/admin/connection.ts';
import { explainAdminError } from '../../packages/cli/src/keycloak/finding.ts';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import { readApiOptions } from '../../packages/cli/src/setup/api/options.ts';
import { setUpApi } from '../../packages/cli/src/setup/api/set-up.ts';
import { type FakeKeycloak, startFakeKeycloak } from './fake-keycloak.ts';
import { ADMIN, createLines } from './run-setup.ts';

describe('setup, call by call', () => {
  let keycloak: FakeKeycloak;
  let file: string;
  let lines: string[];
  let goesOn: string[];
  let out: ReturnType<typeof createLines>['out'];
  beforeEach(async () => {
    keycloak = await startFakeKeycloak();
    file = join(await mkdtemp(join(tmpdir(), 'setup-')), '.env');
    ({ lines, goesOn, out } = createLines());
  });
  afterEach(() => keycloak.close());

  /** No password of the user is given to a second run, so that no login is tried at the fake. */
  async function run(
    args: string[],
    env: Record<string, string> = {},
    named = ['--env', file],
  ): Promise<number> {
    const options = await readApiOptions(['--url', keycloak.url, ...named, ...args], { ...ADMIN, ...env });
    return setUpApi(options, {}, out, undefined);
  }

  test('makes realm, roles, groups and client, in this order, and then nothing', async () => {
    const args = ['--role', 'editor', '--client-role', 'reader', '--group', '/staff/dev', '--yes'];
    assert.equal(await run(args), 0);
    assert.deepEqual(keycloak.changes, [
      'POST ',
      'POST /testing/roles',
      'POST /testing/groups',
      'POST /testing/groups/:id/children',
      'POST /testing/clients',
      'POST /testing/clients/:id/roles',
      'POST /testing/client-scopes',
      'PUT /testing/clients/:id/default-client-scopes/:id',
    ]);
    assert.deepEqual(goesOn, [
      ...['looking for Keycloak', 'logging in as admin', 'reading the current state'],
      ...['create realm testing', 'create realm role editor', 'create group /staff'],
      ...['create group /staff/dev', 'create client fastapi-keycloak'],
      ...['create role reader of the client fastapi-keycloak', 'create client scope groups'],
      ...['create client fastapi-keycloak', 'reading the secret'],
    ]);
    assert.match(await readFile(file, 'utf8'), /KEYCLOAK_CLIENT_SECRET=made-by-keycloak\n/);
    keycloak.changes.length = 0;
    lines.length = 0;
    await run(['--yes']);
    assert.deepEqual(keycloak.changes, []);
    assert.ok(lines.includes('Nothing to change.'));
  });

  test('a placeholder in .env is no secret: Keycloak makes one, and it takes its place', async () => {
    const example = await readFile(new URL('../../.env.example', import.meta.url), 'utf8');
    await writeFile(file, example.replace('http://localhost:8080', keycloak.url));
    assert.equal(await run(['--yes']), 0);
    assert.equal(keycloak.realms.get('testing')?.lists.clients[0]?.secret, 'made-by-keycloak');
    assert.match(await readFile(file, 'utf8'), /^KEYCLOAK_CLIENT_SECRET=made-by-keycloak$/m);
  });

  test('a secret that the folder brought along is red in the plan: its author knows it, too', async (t) => {
    const folder = process.cwd();
    t.after(() => process.chdir(folder));
    process.chdir(dirname(file));
    await writeFile('.env', 'KEYCLOAK_CLIENT_SECRET=of-the-author\n');
    const line = 'anybody else who has .env can act as fastapi-keycloak: it holds the secret';
    const plans = async (args: string[], env: Record<string, string> = {}) => {
      lines.length = 0;
      await run(args, env, []);
      return lines.join('\n').includes(line);
    };
    assert.equal(await plans(['--dry-run']), true, lines.join('\n'));
    // A person who names the file means it, and what the shell holds is the person's own.
    assert.equal(await plans(['--dry-run', '--env', '.env']), false);
    assert.equal(await plans(['--dry-run'], { KEYCLOAK_CLIENT_SECRET: 'of-the-person' }), false);
  });

  test('completes a user, grants roles and adds to groups', async () => {
    await run(['--role', 'editor', '--group', '/staff', '--yes']);
    const realm = keycloak.realms.get('testing');
    realm?.lists.users.push({
      id: 'u-1',
      username: 'anna',
      enabled: true,
      email: 'a@b.c',
      firstName: 'A',
      requiredActions: ['UPDATE_PROFILE'],
      credentials: [{ type: 'password' }],
    });
    keycloak.changes.length = 0;
    await run(['--user', 'anna', '--role', 'editor', '--group', '/staff', '--yes']);
    assert.deepEqual(keycloak.changes, [
      'PUT /testing/users/u-1',
      'POST /testing/users/u-1/role-mappings/realm',
      'PUT /testing/users/u-1/groups/:id',
    ]);
    const user = realm?.lists.users[0];
    assert.deepEqual([user?.firstName, user?.lastName, user?.requiredActions], ['A', 'Example', []]);
  });

  test('--yes leaves a temporary password temporary, says what to do, and is not done', async () => {
    await run(['--yes']);
    const user = {
      ...{ id: 'u-1', username: 'anna', enabled: true, email: 'a@b.c', firstName: 'A', lastName: 'B' },
      ...{ requiredActions: ['UPDATE_PASSWORD'], credentials: [{ type: 'password' }] },
    };
    keycloak.realms.get('testing')?.lists.users.push(user);
    keycloak.changes.length = 0;
    assert.equal(await run(['--user', 'anna', '--yes']), 1);
    assert.deepEqual([keycloak.changes, user.requiredActions], [[], ['UPDATE_PASSWORD']]);
  });

  test('keeps what the client has when it changes it', async () => {
    await run(['--yes']);
    const client: Record<string, unknown> = keycloak.realms.get('testing')?.lists.clients[0] ?? {};
    Object.assign(client, {
      directAccessGrantsEnabled: false,
      description: 'mine',
      attributes: { ...(client.attributes as object), custom: 'kept' },
    });
    await run(['--yes']);
    assert.equal(client.directAccessGrantsEnabled, true);
    assert.equal(client.description, 'mine');
    assert.equal((client.attributes as Record<string, string>).custom, 'kept');
  });

  test('a new user needs a password, and nothing is done without one', async () => {
    await assert.rejects(
      run(['--user', 'anna', '--yes']),
      (error) => error instanceof UsageError && /SETUP_PASSWORD/.test(error.message),
    );
    assert.deepEqual(keycloak.changes, []);
  });

  test('names everything that is missing at once', async () => {
    const options = await readApiOptions(['--no-env'], {});
    await assert.rejects(setUpApi(options, {}, out, undefined), (error) => {
      assert.ok(error instanceof UsageError);
      // Address, admin, password, realm, client.
      assert.equal(error.problems.length, 5);
      return true;
    });
  });

  test('what only an MCP server has is not taken without one', async () => {
    for (const args of [['--documents', 'example.com'], ['--registration'], ['--program', 'a']]) {
      await assert.rejects(
        readApiOptions(['--no-env', ...args], {}),
        (error) => error instanceof UsageError && error.message.includes(`Unknown option '${args[0]}'`),
      );
    }
  });

  test('a refusal of the Admin API says what was tried, and what to do', async () => {
    keycloak.forbid(/^\/admin\/realms$/);
    await assert.rejects(run(['--yes']), (error) => {
      assert.ok(error instanceof AdminError);
      assert.equal(
        error.message,
        'Keycloak refused to create the realm testing: HTTP 403 HTTP 403 Forbidden',
      );
      assert.match(explainAdminError(error), /realm-management: manage-realm/);
      return true;
    });
  });

  test('a login that is refused, and a Keycloak that is not there, are told apart', async () => {
    const credentials = { realm: 'master', username: 'admin', password: 'wrong' };
    await assert.rejects(
      connectAdmin({ serverUrl: keycloak.url, credentials }),
      (error) =>
        error instanceof AdminError &&
        error.kind === 'login' &&
        /one-time code/.test(explainAdminError(error)),
    );
    await assert.rejects(
      connectAdmin({ serverUrl: 'http://127.0.0.1:9', credentials }),
      (error) => error instanceof AdminError && error.kind === 'unreachable',
    );
  });

  test('a token that is about to expire is replaced, by one login of all calls that are under way', async (t) => {
    let now = Date.now();
    const credentials = { realm: 'master', clientId: 'robot', clientSecret: 'secret' };
    const { api } = await connectAdmin({ serverUrl: keycloak.url, credentials, clock: () => now });
    const first = await api.getAccessToken();
    assert.equal(await api.getAccessToken(), first);
    const { mock } = t.mock.method(globalThis, 'fetch');
    for (const logins of [1, 2]) {
      now += 46_000;
      await Promise.all([1, 2, 3].map(() => api.getAccessToken()));
      assert.equal(mock.callCount(), logins);
    }
    assert.equal((await api.realms.findOne({ realm: 'nowhere' })) ?? null, null);
  });
});
