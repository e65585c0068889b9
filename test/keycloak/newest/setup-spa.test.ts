import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type AdminConnection, connectAdmin } from '../../../packages/cli/src/admin/connection.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';
import { runCli } from '../support/run-cli.ts';

const keycloak = requireKeycloak();
const REALM = 'setup-spa';
const APP = 'http://localhost:5173';

describe('setup spa', () => {
  let api: AdminConnection['api'];
  let folder: string;
  const setup = (...args: string[]) =>
    runCli(['setup', ...args, '--url', keycloak.url, '--realm', REALM, '--no-env', '--yes'], {
      cwd: folder,
      env: {
        KEYCLOAK_ADMIN_USER: keycloak.adminUser,
        KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword,
        SETUP_PASSWORD: 'Test#123456',
      },
    });
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'setup-spa-'));
    const credentials = { realm: 'master', username: keycloak.adminUser, password: keycloak.adminPassword };
    ({ api } = await connectAdmin({ serverUrl: keycloak.url, credentials, timeoutMs: 120_000 }));
    await api.realms.del({ realm: REALM }).catch(() => {});
  });
  after(async () => {
    await api.realms.del({ realm: REALM }).catch(() => {});
    await rm(folder, { recursive: true });
  });

  /** What Keycloak answers to the start of a sign-in. */
  async function authorize(query: Record<string, string>): Promise<string> {
    const url = `${keycloak.url}/realms/${REALM}/protocol/openid-connect/auth`;
    const all = {
      client_id: 'shop-page',
      response_type: 'code',
      scope: 'openid',
      redirect_uri: `${APP}/callback`,
      ...query,
    };
    const answer = await fetch(`${url}?${new URLSearchParams(all)}`, { redirect: 'manual' });
    return `${answer.status} ${answer.headers.get('location') ?? ''}`;
  }

  test('makes a page that signs in with PKCE alone, at its own address alone, with tokens for the API', async () => {
    const first = await setup('api', '--client-id', 'orders', '--user', 'anna', '--group', '/staff');
    assert.equal(first.code, 0, first.stdout + first.stderr);
    const made = await setup('spa', 'shop-page', '--app', APP, '--client-id', 'orders');
    assert.equal(made.code, 0, made.stdout + made.stderr);

    const pkce = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' };
    assert.match(await authorize(pkce), /^200/);
    assert.match(await authorize({}), /error=invalid_request&error_description=Missing\+parameter/);
    for (const path of ['/', '/orders/5', '/?tab=1', '/callback/x'])
      assert.match(await authorize({ ...pkce, redirect_uri: APP + path }), /^400/, path);

    const [page] = await api.clients.find({ realm: REALM, clientId: 'shop-page' });
    const [anna] = await api.users.find({ realm: REALM, username: 'anna' });
    assert.deepEqual([page?.publicClient, page?.directAccessGrantsEnabled], [true, false]);
    assert.deepEqual(page?.webOrigins, [APP]);
    const claims = (await api.clients.evaluateGenerateAccessToken({
      ...{ realm: REALM, id: page?.id ?? '', userId: anna?.id ?? '', scope: 'openid', audience: '' },
    })) as { aud?: string | string[]; groups?: string[] };
    assert.ok([claims.aud].flat().includes('orders'), JSON.stringify(claims.aud));
    assert.deepEqual(claims.groups, ['/staff']);

    const again = await setup('spa', 'shop-page', '--app', APP, '--client-id', 'orders');
    assert.match(again.stdout, /Nothing to change/);
  });

  test('does not make a page of a client that has a secret', async () => {
    const { code, stdout } = await setup('spa', 'orders', '--app', APP, '--client-id', 'orders');
    assert.equal(code, 1);
    assert.match(stdout, /! client orders: it has a secret/);
  });
});
