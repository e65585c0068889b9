import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseEnv } from 'node:util';
import { createClient } from '../../../packages/guard/src/client/index.ts';
import type { CredentialOptions } from '../../../packages/guard/src/core/index.ts';
import { type MadeUpKubernetes, startMadeUpKubernetes } from '../../support/made-up-kubernetes.ts';
import { decodePart } from '../../support/signing-keys.ts';
import { callAdmin, requireKeycloak } from '../support/real-keycloak.ts';
import { runCli } from '../support/run-cli.ts';
import { toUser } from '../support/user.ts';

// From an empty realm to calls between services, with nothing but the commands, and no secret.

const keycloak = requireKeycloak();
const REALM = 'setup-service';
const USER = { username: 'abdullah', password: 'Test#123456' };
const folder = mkdtempSync(join(tmpdir(), 'setup-service-'));
let kubernetes: MadeUpKubernetes;

const run = (...args: string[]) =>
  runCli([...args, '--url', keycloak.url, '--realm', REALM, '--no-env'], {
    cwd: folder,
    env: { KEYCLOAK_ADMIN_USER: keycloak.adminUser, KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword },
  });

async function setUp(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run('setup', ...args, '--yes');
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

before(async () => {
  kubernetes = await startMadeUpKubernetes();
  await callAdmin(keycloak, 'DELETE', `/${REALM}`).catch(() => {});
  const web = { clientId: 'web', publicClient: true, directAccessGrantsEnabled: true };
  const clients = [web, { clientId: 'orders' }, { clientId: 'stock' }];
  await callAdmin(keycloak, 'POST', '', { realm: REALM, enabled: true, clients, users: [toUser(USER)] });
  await setUp('service', '--client-id', 'shop', '--calls', 'orders,stock', '--credential', 'key');
  await setUp('audience', 'web', '--client-id', 'shop');
});
after(async () => {
  kubernetes?.close();
  rmSync(folder, { recursive: true });
  await callAdmin(keycloak, 'DELETE', `/${REALM}`).catch(() => {});
});

/** Who the tokens are of, and for whom: in the name of a user, and in its own. */
async function claimsAs(credential: CredentialOptions) {
  const options = { serverUrl: keycloak.url, realm: REALM, timeoutMs: 30_000 };
  const { accessToken } = await createClient({ ...options, clientId: 'web' }).passwordGrant(USER);
  const shop = createClient({ ...options, clientId: 'shop', credential });
  const exchanged = await shop.exchange({
    subjectToken: accessToken,
    audience: 'orders',
    scope: 'to-orders',
  });
  const own = await shop.clientCredentials({ scope: 'to-stock' });
  const [user, forOrders, forStock] = [accessToken, exchanged.accessToken, own.accessToken].map((token) =>
    decodePart<Record<string, unknown>>(token, 1),
  );
  assert.equal(forOrders?.sub, user?.sub);
  return [forOrders, forStock].map((claims) => [claims?.azp, claims?.aud]);
}

describe('setup service', () => {
  const keyFile = join(folder, 'client-key.pem');

  it('makes a service that calls others with a key, and nothing is left to do', async () => {
    const [forOrders, forStock] = await claimsAs({ keyFile });
    assert.deepEqual(forOrders, ['shop', 'orders']);
    assert.equal(forStock?.[0], 'shop');
    assert.ok([forStock?.[1]].flat().includes('stock'));
    const again = await setUp(
      'service',
      '--client-id',
      'shop',
      '--calls',
      'orders,stock',
      '--credential',
      'key',
    );
    assert.match(again, /Nothing to change/);
  });

  it('writes the settings of the service where --env says, its secret too', async () => {
    const { code, stdout, stderr } = await runCli(
      [
        'setup',
        'service',
        '--client-id',
        'stock',
        '--calls',
        'orders',
        '--env',
        'stock.env',
        '--yes',
        '--url',
        keycloak.url,
        '--realm',
        REALM,
      ],
      {
        cwd: folder,
        env: { KEYCLOAK_ADMIN_USER: keycloak.adminUser, KEYCLOAK_ADMIN_PASSWORD: keycloak.adminPassword },
      },
    );
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /KEYCLOAK_CLIENT_SECRET: \(hidden\)/);
    const settings = parseEnv(readFileSync(join(folder, 'stock.env'), 'utf8'));
    const { KEYCLOAK_CLIENT_SECRET: clientSecret = '', ...rest } = settings;
    assert.deepEqual(rest, {
      KEYCLOAK_SERVER_URL: keycloak.url,
      KEYCLOAK_REALM: REALM,
      KEYCLOAK_CLIENT_ID: 'stock',
    });
    const client = { serverUrl: keycloak.url, realm: REALM, clientId: 'stock', clientSecret };
    await createClient({ ...client, timeoutMs: 30_000 }).clientCredentials({ scope: 'to-orders' });
  });

  it('ties it to a service account of Kubernetes, and the key is good for nothing', async () => {
    const account = ['--credential', 'kubernetes', '--service-account', 'shop/api'];
    const said = await setUp('service', '--client-id', 'shop', ...account, '--issuer', kubernetes.issuer);
    const audience = /audience: "([^"]+)"/.exec(said)?.[1] ?? '';
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, kubernetes.tokenFor('shop:api', audience));
    assert.deepEqual((await claimsAs({ tokenFile }))[0], ['shop', 'orders']);
    await assert.rejects(claimsAs({ keyFile }));
    writeFileSync(tokenFile, kubernetes.tokenFor('shop:other', audience));
    await assert.rejects(claimsAs({ tokenFile }));
  });
});

describe('token --for', () => {
  const why = (clientId: string, audience: string) =>
    run('token', '--for', audience, '--user', USER.username, '--client-id', clientId);

  it('says who gets a token for what, as Keycloak does it', async () => {
    const { code, stdout } = await why('shop', 'orders');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /✓ shop, on behalf of abdullah: a token for orders is exchanged/);
    assert.match(stdout, /✓ tokens of these clients are for shop: web/);
  });

  for (const [what, args, line, fix] of [
    [
      'the exchange is off',
      ['orders', 'stock'],
      /✗ Standard token exchange of orders is on/,
      /setup service --client-id orders --calls stock/,
    ],
    [
      'nothing brings the audience',
      ['orders', 'stock'],
      /✗ without a scope, tokens of orders are for stock/,
      /setup service/,
    ],
    ['there is no such service', ['shop', 'nobody'], /✗ there is a client nobody/, /look at --for/],
  ] as const) {
    it(`says so, and what mends it, where ${what}`, async () => {
      const [clientId, audience] = args;
      const { code, stdout } = await why(clientId, audience);
      assert.equal(code, 1, stdout);
      assert.match(stdout, line);
      assert.match(stdout, fix);
    });
  }
});
