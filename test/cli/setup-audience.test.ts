import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { canName, toAudienceCommand } from '../../packages/cli/src/setup/audience-command.ts';
import { type FakeKeycloak, startFakeKeycloak } from '../admin/fake-keycloak.ts';
import { runSetup } from '../admin/run-setup.ts';

const run = (...args: string[]) => runSetup('audience', args);

/** A client scope, made once, and given to two clients. */
const MADE = [
  'POST /shop/client-scopes',
  ...Array(2).fill('PUT /shop/clients/:id/default-client-scopes/:id'),
];

/** A realm with an API and those that call it, and the command on it. */
async function start(t: TestContext) {
  const keycloak: FakeKeycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const post = async (path: string, body: object) => {
    const { status } = await fetch(`${keycloak.url}/admin/realms${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(status, 201);
  };
  await post('', { realm: 'shop' });
  for (const client of [
    { clientId: 'orders-api', bearerOnly: true },
    { clientId: 'frontend', publicClient: true },
    { clientId: 'reports' },
  ]) {
    await post('/shop/clients', client);
  }
  keycloak.changes.length = 0;
  const setup = (...args: string[]) =>
    run(
      ...['--url', keycloak.url, '--no-env', ...args],
      ...(args.includes('--realm') ? [] : ['--realm', 'shop']),
      ...(args.includes('--client-id') ? [] : ['--client-id', 'orders-api']),
    );
  return { keycloak, setup };
}

test('setup audience gives tokens of other clients the audience, changes nothing else, and can be repeated', async (t) => {
  const { keycloak, setup } = await start(t);
  const dry = await setup('frontend,reports', '--dry-run');
  assert.equal(dry.code, 0, dry.text);
  assert.match(
    dry.text,
    /\+ create client scope orders-api-audience\n\s+Mapper: audience orders-api\n\s+~ change client frontend\n\s+Default client scopes: \+ orders-api-audience/,
  );
  assert.deepEqual(keycloak.changes, []);
  const first = await setup('frontend', 'reports', '--yes');
  assert.equal(first.code, 0, first.text);
  assert.deepEqual(keycloak.changes, MADE);
  const fromNowOn = /\nTokens that are issued from now on name it; those before do not\.\n$/;
  assert.match(first.text, fromNowOn);
  const { lists } = keycloak.realms.get('shop') ?? assert.fail();
  const scope = lists['client-scopes'].find(({ name }) => name === 'orders-api-audience');
  const [{ config }] = (scope ?? assert.fail()).protocolMappers as [{ config: Record<string, string> }];
  assert.deepEqual(
    [config['included.client.audience'], config['access.token.claim']],
    ['orders-api', 'true'],
  );
  for (const { clientId, defaultClientScopes } of lists.clients) {
    const has = (defaultClientScopes as string[]).includes('orders-api-audience');
    assert.equal(has, clientId !== 'orders-api', String(clientId));
  }
  const again = await setup('frontend,reports', '--yes');
  assert.equal(again.code, 0);
  assert.match(again.text, /= keep client frontend[\s\S]*Nothing to change\./);
  for (const { text } of [dry, again]) assert.doesNotMatch(text, fromNowOn);
  assert.equal(keycloak.changes.length, 3);
});

test('setup audience leaves to a person what it cannot do, and asks before it does the rest', async (t) => {
  const { keycloak, setup } = await start(t);
  const missing = await setup('no-such', '--yes');
  assert.equal(missing.code, 1);
  assert.match(missing.text, /! client no-such: there is no such client/);
  const bearerOnly = await setup('orders-api', '--yes');
  assert.match(bearerOnly.text, /! client orders-api: it is bearer-only/);
  const unasked = await setup('frontend');
  assert.equal(unasked.code, 2);
  const wrongApi = await setup('--client-id', 'none', 'frontend', '--yes');
  assert.equal(wrongApi.code, 1);
  assert.match(wrongApi.text, /! client none: there is no such client, so no token can name it/);
  await assert.rejects(setup('--realm', 'none', 'frontend', '--yes'), /There is no realm none/);
  for (const args of [[','], ['a', '--scope', 'x']]) {
    const wrong = await setup(...args);
    assert.equal(wrong.code, 2);
    assert.match(wrong.text, /setup audience/);
  }
  assert.deepEqual(keycloak.changes, []);
});

test('the command that is printed holds whatever a client is called', () => {
  const where = { serverUrl: 'https://sso.example.com', realm: 'shop', clientId: 'orders-api' };
  assert.equal(
    toAudienceCommand({ ...where, callers: ['frontend', 'https://a.example/x'] }),
    'npx keycloak-guard setup audience frontend https://a.example/x --url https://sso.example.com --realm shop --client-id orders-api',
  );
  assert.match(
    toAudienceCommand({ ...where, callers: ["$(rm -rf ~)'`x`"] }),
    /^npx keycloak-guard setup audience '\$\(rm -rf ~\)'\\''`x`' --url/,
  );
});

test('no command names a client that it would take for others, or for a flag', () => {
  for (const name of ['frontend', 'https://a.example/x', "it's", 'two words']) assert.ok(canName(name), name);
  for (const name of ['https://evil.example/,frontend', '--yes', ' frontend', ''])
    assert.ok(!canName(name), name);
});

test('setup audience looks at no file of permissions', async (t) => {
  const { setup } = await start(t);
  const folder = await mkdtemp(join(tmpdir(), 'setup-audience-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const name of ['authz.json', 'authz.mjs']) await writeFile(join(folder, name), '{}');
  const { code, text } = await setup('--env', join(folder, '.env'), 'frontend', '--yes');
  assert.equal(code, 0);
  assert.doesNotMatch(text, /ermission/);
});

test('setup audience refuses what an API alone has', async (t) => {
  const { setup } = await start(t);
  const wrong = await setup('frontend', '--user', 'anna', '--yes');
  assert.equal(wrong.code, 2);
  assert.match(wrong.text, /Unknown option '--user'\nsetup: setup audience --help/);
});
