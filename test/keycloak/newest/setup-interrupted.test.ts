import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type AdminConnection, connectAdmin } from '../../../packages/cli/src/admin/connection.ts';
import { readApiOptions } from '../../../packages/cli/src/setup/api/options.ts';
import { setUpApi } from '../../../packages/cli/src/setup/api/set-up.ts';
import { createLines } from '../../admin/run-setup.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';
import { runCli } from '../support/run-cli.ts';
import { takeSnapshot } from '../support/snapshot.ts';

const keycloak = requireKeycloak();
const REALM = 'setup-interrupted';
const ARGS = [
  'setup',
  '--realm',
  REALM,
  '--user',
  'abdullah',
  '--role',
  'editor',
  '--client-role',
  'reader',
  '--group',
  '/staff/dev',
  '--yes',
];

/** Kills the run at a call: before Keycloak gets it, or after Keycloak did it and before the answer is back. */
interface Cut {
  readonly call: number;
  readonly when: 'before' | 'after';
}

describe('setup, killed', () => {
  let api: AdminConnection['api'];
  let folder: string;
  const env = {
    KEYCLOAK_ADMIN_USER: keycloak.adminUser,
    KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword,
    SETUP_PASSWORD: 'Test#123456',
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'setup-interrupted-'));
    const credentials = { realm: 'master', username: keycloak.adminUser, password: keycloak.adminPassword };
    ({ api } = await connectAdmin({ serverUrl: keycloak.url, credentials, timeoutMs: 120_000 }));
  });
  after(async () => {
    await api.realms.del({ realm: REALM }).catch(() => {});
    await rm(folder, { recursive: true });
  });

  /** Runs setup through a proxy that counts the calls that change something. */
  async function runCut(cut: Cut | undefined): Promise<{ calls: number; code: number | null }> {
    let calls = 0;
    let kill = () => {};
    const proxy = createServer((incoming, outgoing) => {
      const isChange = incoming.url?.startsWith('/admin/') && incoming.method !== 'GET';
      if (isChange) calls++;
      const isCut = isChange && calls === cut?.call;
      if (isCut && cut?.when === 'before') return kill();
      const onward = request(
        `${keycloak.url}${incoming.url}`,
        { method: incoming.method, headers: { ...incoming.headers, host: new URL(keycloak.url).host } },
        (answer) => {
          if (isCut) {
            answer.resume();
            answer.once('end', () => kill());
            return;
          }
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      const run = await runCli([...ARGS, '--url', url, '--no-env'], {
        cwd: folder,
        env,
        onStart: (stop) => {
          kill = stop;
        },
      });
      return { calls, code: run.code };
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  }

  /** As it was before the first run; the realm stays, for making one takes a second. */
  async function clear(): Promise<void> {
    const realm = REALM;
    const [client, user, groups] = await Promise.all([
      api.clients.find({ realm, clientId: 'fastapi-keycloak' }),
      api.users.find({ realm, username: 'abdullah', exact: true }),
      api.groups.find({ realm }),
    ]);
    for (const { id = '' } of client) await api.clients.del({ realm, id });
    for (const { id = '' } of user) await api.users.del({ realm, id });
    for (const { id = '' } of groups) await api.groups.del({ realm, id });
    await api.roles.delByName({ realm, name: 'editor' }).catch(() => {});
    const scope = (await api.clientScopes.find({ realm })).find(({ name }) => name === 'groups');
    if (scope?.id) await api.clientScopes.del({ realm, id: scope.id });
  }

  /** The same command in this process, for a second process costs a second each time. */
  async function runAgain(file: string): Promise<number> {
    const options = await readApiOptions([...ARGS.slice(1), '--url', keycloak.url, '--env', file], env);
    return setUpApi(options, {}, createLines().out, undefined);
  }

  async function assertRecovers(cut: Cut, wanted: unknown): Promise<void> {
    const where = `${cut.when} call ${cut.call}`;
    const file = join(folder, where);
    assert.equal((await runCut(cut)).code, null, `the run was killed ${where}`);
    assert.equal(await runAgain(file), 0, `the second run after a cut ${where}`);
    assert.deepEqual(await takeSnapshot(api, REALM, 'fastapi-keycloak', 'abdullah'), wanted, where);
    assert.match(await readFile(file, 'utf8'), /KEYCLOAK_CLIENT_SECRET=.{20}/);
  }

  test('before the first call and after every one: the next run comes to the same end', async () => {
    await api.realms.del({ realm: REALM }).catch(() => {});
    const whole = await runCut(undefined);
    assert.equal(whole.code, 0);
    assert.ok(whole.calls >= 8, `a whole run makes ${whole.calls} changes`);
    const wanted = await takeSnapshot(api, REALM, 'fastapi-keycloak', 'abdullah');
    for (const when of ['before', 'after'] as const) {
      await api.realms.del({ realm: REALM });
      await assertRecovers({ call: 1, when }, wanted);
    }
    const cuts = Array.from({ length: whole.calls - 1 }, (_, at): Cut => ({ call: at + 1, when: 'after' }));
    // Before a call is after the one before it: Keycloak has the same, and who is killed keeps nothing.
    for (const cut of [{ call: 1, when: 'before' } as const, ...cuts]) {
      await clear();
      await assertRecovers(cut, wanted);
    }
  });

  test('after Keycloak is done and before .env is written: the next run writes it', async () => {
    await writeFile(join(folder, '.env'), 'PORT=8000\n');
    const run = await runCli([...ARGS, '--url', keycloak.url], { cwd: folder, env });
    assert.equal(run.code, 0);
    assert.match(
      await readFile(join(folder, '.env'), 'utf8'),
      /^PORT=8000\n(.*\n)*KEYCLOAK_CLIENT_SECRET=.{20}/,
    );
  });
});
