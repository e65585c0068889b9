import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { callAdmin, requireKeycloak } from '../support/real-keycloak.ts';
import { runCli } from '../support/run-cli.ts';

const keycloak = requireKeycloak();
const REALM = 'setup-audience';
const PASSWORD = 'Test#123456';
const ADMIN = ['--admin-user', keycloak.adminUser];
const WHERE = ['--url', keycloak.url, '--realm', REALM, '--client-id', 'orders-api'];

describe('setup audience', () => {
  let folder: string;
  const run = (args: string[]) =>
    runCli(args, {
      cwd: folder,
      env: { KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword, KEYCLOAK_TIMEOUT_MS: '30000' },
    });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'setup-audience-'));
    await callAdmin(keycloak, 'DELETE', `/${REALM}`).catch(() => {});
    await callAdmin(keycloak, 'POST', '', {
      realm: REALM,
      enabled: true,
      clients: [
        { clientId: 'orders-api', bearerOnly: true },
        { clientId: 'frontend', publicClient: true, directAccessGrantsEnabled: true },
      ],
      users: [
        {
          ...{ username: 'sara', enabled: true, email: 'sara@example.com', emailVerified: true },
          ...{ firstName: 'Sara', lastName: 'Example' },
          credentials: [{ type: 'password', value: PASSWORD }],
        },
      ],
    });
  });
  after(async () => {
    await callAdmin(keycloak, 'DELETE', `/${REALM}`).catch(() => {});
    await rm(folder, { recursive: true });
  });

  const audienceOfLogin = async () => {
    const form = { grant_type: 'password', client_id: 'frontend', username: 'sara', password: PASSWORD };
    const answer = await fetch(`${keycloak.url}/realms/${REALM}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    const { access_token: token = '' } = (await answer.json()) as { access_token?: string };
    return [JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).aud].flat();
  };

  test('migrate does not conclude from one user that others get in: a role adds the audience for its owner alone', async () => {
    const [api] = (await (
      await callAdmin(keycloak, 'GET', `/${REALM}/clients?clientId=orders-api`)
    ).json()) as { id: string }[];
    const [sara] = (await (await callAdmin(keycloak, 'GET', `/${REALM}/users?username=sara`)).json()) as {
      id: string;
    }[];
    const roles = `/${REALM}/clients/${api?.id}/roles`;
    await callAdmin(keycloak, 'POST', roles, { name: 'reader' });
    const role = await (await callAdmin(keycloak, 'GET', `${roles}/reader`)).json();
    await callAdmin(keycloak, 'POST', `/${REALM}/users/${sara?.id}/role-mappings/clients/${api?.id}`, [role]);
    assert.ok((await audienceOfLogin()).includes('orders-api'));

    const { stdout } = await run(['migrate', ...WHERE, ...ADMIN]);
    assert.match(
      stdout,
      /- \*\*only some users get in\*\*: `frontend`, only for users who have a role of `orders-api`\n/,
    );
    assert.doesNotMatch(stdout, /Nobody is locked out/);
    assert.match(stdout, /setup audience frontend --url /);
    await callAdmin(keycloak, 'DELETE', `${roles}/reader`);
  });

  test('mends what migrate finds, by the command that migrate prints', async () => {
    assert.ok(!(await audienceOfLogin()).includes('orders-api'));
    const found = await run(['migrate', ...WHERE, ...ADMIN]);
    assert.match(found.stdout, /\*\*would be refused\*\*: `frontend`/, found.stderr);
    const command = /npx keycloak-guard (setup [^`]*)`$/m.exec(found.stdout)?.[1]?.split(' ') ?? [];
    assert.deepEqual(command, ['setup', 'audience', 'frontend', ...WHERE]);

    const mended = await run([...command, ...ADMIN, '--yes']);
    assert.equal(mended.code, 0, mended.stdout + mended.stderr);
    assert.ok((await audienceOfLogin()).includes('orders-api'));
    assert.match((await run([...command, ...ADMIN, '--yes'])).stdout, /Nothing to change/);
    assert.match(
      (await run(['migrate', ...WHERE, ...ADMIN])).stdout,
      /- gets in: `frontend`[\s\S]*Nobody is locked out/,
    );
  });
});
