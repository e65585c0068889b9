import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { McpRealm } from '../../contract/mcp/dance.ts';
import { callAdmin, type RealKeycloak } from './real-keycloak.ts';
import { type CliRun, runCli } from './run-cli.ts';
import { toUser } from './user.ts';

export interface RealMcpRealm extends McpRealm {
  /** Runs the command line's `setup` for it once more. */
  setUp(...args: string[]): Promise<CliRun>;
  /** Runs `doctor --mcp`: what is not well, as `<id> <status>`. */
  findTroubles(): Promise<string[]>;
  /** A call of the Admin API, below the realm. */
  call(method: string, path: string, body?: object): Promise<Response>;
}

/**
 * A realm of Keycloak's own making with one user, and then `keycloak-guard setup mcp`.
 *
 * @param more arguments of setup
 */
export async function createMcpRealm(
  keycloak: RealKeycloak,
  url: string,
  ...more: readonly string[]
): Promise<RealMcpRealm> {
  const realm = `mcp-${randomUUID().slice(0, 8)}`;
  const user = { username: 'abdullah', password: randomUUID() };
  const cwd = await mkdtemp(join(tmpdir(), 'mcp-'));

  const call = (method: string, path: string, body?: object) => callAdmin(keycloak, method, path, body);
  const list = async (path: string) => (await call('GET', `/${realm}${path}`)).json();

  const run = (args: string[]) =>
    runCli(args, {
      cwd,
      env: {
        KEYCLOAK_SERVER_URL: keycloak.url,
        KEYCLOAK_ADMIN_USER: keycloak.adminUser,
        KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword,
      },
    });
  const setUp = (...args: string[]) =>
    run([
      ...['setup', 'mcp', url, '--url', keycloak.url, '--realm', realm, '--scope', 'notes:read'],
      ...args,
    ]);

  await call('POST', '', {
    realm,
    enabled: true,
    users: [{ ...toUser(user), realmRoles: [`default-roles-${realm}`, 'offline_access'] }],
  });
  const made = await setUp('--scope', 'notes:write', '--registration', '--yes', ...more);
  assert.equal(made.code, 0, made.stdout + made.stderr);
  const [{ id }] = await list(`/clients?clientId=${encodeURIComponent(url)}`);
  const { value: clientSecret } = await list(`/clients/${id}/client-secret`);
  return {
    serverUrl: keycloak.url,
    realm,
    clientSecret,
    user,
    setUp,
    async findTroubles() {
      const { stdout, stderr } = await run(['doctor', '--mcp', url, '--json']);
      assert.equal(stderr, '');
      const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string }[] };
      assert.equal(checks.length, 11);
      return checks.filter(({ status }) => status !== 'ok').map(({ id, status }) => `${id} ${status}`);
    },
    call: (method, path, body) => call(method, `/${realm}${path}`, body),
    async logout() {
      const [{ id: userId }] = await list('/users?username=abdullah&exact=true');
      await call('POST', `/${realm}/users/${userId}/logout`);
      // What SDK 2 asks for by itself outlives a logout.
      const clients: { id: string }[] = await list('/clients');
      for (const { id: client } of clients) {
        const sessions: { id: string }[] = await list(`/clients/${client}/offline-sessions`);
        for (const session of sessions)
          await call('DELETE', `/${realm}/sessions/${session.id}?isOffline=true`);
      }
    },
    async close() {
      await call('DELETE', `/${realm}`);
      await rm(cwd, { recursive: true });
    },
  };
}
