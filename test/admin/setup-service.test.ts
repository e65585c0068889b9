import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { NO_CALLERS } from '../../packages/cli/src/admin/callers.ts';
import { planService } from '../../packages/cli/src/admin/service.ts';
import { KINDS } from '../../packages/cli/src/commands/setup.ts';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import { type FakeKeycloak, startFakeKeycloak } from './fake-keycloak.ts';
import { ADMIN, createLines, startSetup } from './run-setup.ts';

const folder = mkdtempSync(join(tmpdir(), 'setup-service-'));
after(() => rmSync(folder, { recursive: true }));
const KEY = join(folder, 'key.pem');

describe('setup service', () => {
  let keycloak: FakeKeycloak;
  beforeEach(async () => {
    keycloak = await startFakeKeycloak();
    for (const id of ['orders', 'stock']) {
      await run(['api', '--client-id', id, '--app', 'http://localhost:8000', '--no-user', '--no-env']);
    }
  });
  afterEach(() => {
    keycloak.close();
    rmSync(KEY, { force: true });
  });

  async function run([kind = '', ...args]: string[]): Promise<{ code: number | undefined; text: string }> {
    const { lines, out } = createLines();
    const where = ['--url', keycloak.url, '--realm', 'shop', '--yes'];
    const code = await KINDS[kind]?.run([...args, ...where], { environment: ADMIN, out });
    return { code, text: lines.join('\n') };
  }
  const setUp = (...args: string[]) => run(['service', '--client-id', 'shop', '--no-env', ...args]);
  const listOf = (kind: 'clients' | 'client-scopes') => keycloak.realms.get('shop')?.lists[kind] ?? [];
  const client = () =>
    listOf('clients').find(({ clientId }) => clientId === 'shop') as unknown as {
      publicClient: boolean;
      attributes: Record<string, string>;
      [field: string]: unknown;
    };

  it('reads no secret of a client that is there where it writes no file', async (t) => {
    await setUp('--calls', 'orders');
    const { mock } = t.mock.method(globalThis, 'fetch');
    await setUp('--calls', 'orders');
    const read = mock.calls.map(({ arguments: [url] }) => String(url));
    assert.ok(read.some((url) => url.includes('/clients')));
    assert.deepEqual(
      read.filter((url) => url.endsWith('/client-secret')),
      [],
    );
  });

  it("leaves a realm's own groups scope alone where the service has it already", async () => {
    await setUp('--calls', 'orders');
    const own = { 'claim.name': 'groups', 'full.path': 'false', 'access.token.claim': 'true' };
    const mapper = { name: 'groups', protocolMapper: 'oidc-group-membership-mapper', config: own };
    listOf('client-scopes').push({ id: 's-groups', name: 'groups', protocolMappers: [mapper] });
    for (const one of listOf('clients'))
      if (['orders', 'shop'].includes(String(one.clientId)))
        one.defaultClientScopes = [...((one.defaultClientScopes as string[] | undefined) ?? []), 'groups'];
    const { code, text } = await setUp('--calls', 'orders');
    assert.equal(code, 0, text);
    assert.match(text, /Nothing to change/);
  });

  it('makes a client that exchanges, and a scope for each service that it calls; a second run changes nothing', async () => {
    const first = await setUp('--calls', 'orders', '--calls', 'stock');
    assert.equal(first.code, 0, first.text);
    const { publicClient, serviceAccountsEnabled, standardFlowEnabled, directAccessGrantsEnabled } = client();
    assert.deepEqual(
      [publicClient, serviceAccountsEnabled, standardFlowEnabled, directAccessGrantsEnabled],
      [false, true, false, false],
    );
    assert.equal(client().attributes['standard.token.exchange.enabled'], 'true');
    assert.deepEqual(client().optionalClientScopes, ['to-orders', 'to-stock']);
    assert.match(first.text, /kc\.fetchFor\(\{ origin: '…', audience: 'orders', scope: 'to-orders' \}\)/);
    const before = keycloak.changes.length;
    const again = await setUp('--calls', 'orders,stock');
    assert.match(again.text, /Nothing to change/);
    assert.equal(keycloak.changes.length, before);
  });

  it('takes the scope that is there already, whatever it is called', async () => {
    const scope = listOf('client-scopes').find(({ name }) => name === 'email') as Record<string, unknown>;
    scope.protocolMappers = [
      { protocolMapper: 'oidc-audience-mapper', config: { 'included.client.audience': 'orders' } },
    ];
    await setUp();
    const { text } = await setUp('--calls', 'orders');
    assert.match(text, /keep client scope email, which brings orders/);
    assert.match(text, /audience: 'orders' \}\)/);
  });

  it('leaves to a person what is not its own', async () => {
    await setUp();
    client().publicClient = true;
    assert.match((await setUp('--calls', 'orders')).text, /! client shop: it is public/);
    client().publicClient = false;
    assert.match(
      (await setUp('--calls', 'nobody')).text,
      /! client scope to-nobody: there is no client nobody/,
    );
    assert.match(
      (await setUp('--calls', 'shop')).text,
      /! client scope to-shop: shop does not call itself\n.*look at --calls/,
    );
    listOf('client-scopes').push({ id: 'x', name: 'to-orders', protocolMappers: [] } as never);
    const { code, text } = await setUp('--calls', 'orders');
    assert.equal(code, 1);
    assert.match(
      text,
      /! client scope to-orders: it is there, and it does not put this into access tokens: audience orders/,
    );
    assert.equal(client().optionalClientScopes, undefined);
    const state = { ...NO_CALLERS, client: undefined, others: new Map([['orders', {}]]) };
    const goal = { realm: 'shop', clientId: 'shop', calls: ['orders'] };
    const { blocked } = planService({ ...state, byDefault: ['to-orders'] }, goal);
    assert.deepEqual(
      blocked.map(({ why }) => why),
      ['every client of the realm gets it unasked'],
    );
    assert.deepEqual(planService({ ...state, byDefault: ['another'] }, goal).blocked, []);
  });

  it('makes a key that only its owner reads, and gives Keycloak the public half; another key is added', async () => {
    const dry = await setUp('--credential', 'key', '--key-file', KEY, '--dry-run');
    assert.equal(existsSync(KEY), false, dry.text);
    await setUp('--credential', 'key', '--key-file', KEY);
    assert.equal(statSync(KEY).mode & 0o777, 0o600);
    assert.match(readFileSync(KEY, 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
    const keysOf = () =>
      JSON.parse(client().attributes['jwks.string'] ?? '').keys as Record<string, unknown>[];
    assert.equal(client().clientAuthenticatorType, 'client-jwt');
    assert.deepEqual(
      keysOf().map(({ kty, d }) => [kty, d]),
      [['EC', undefined]],
    );
    assert.match((await setUp('--credential', 'key', '--key-file', KEY)).text, /Nothing to change/);
    const other = join(folder, 'other.pem');
    await setUp('--credential', 'key', '--key-file', other);
    assert.equal(keysOf().length, 2);
    client().attributes['use.jwks.url'] = 'true';
    assert.match(
      (await setUp('--credential', 'key', '--key-file', other)).text,
      /reads its keys from an address/,
    );
  });

  it('writes the settings of a client of which another thing is left to a person, and says where it writes none', async () => {
    const env = join(folder, 'orders.env');
    const orders = listOf('clients').find(({ clientId }) => clientId === 'orders');
    Object.assign(orders?.attributes ?? assert.fail(), { 'require.pushed.authorization.requests': 'true' });
    const guide = ['guide', '--client-id', 'orders', '--no-user', '--env', env];
    const { text } = await run(guide);
    assert.match(text, /pushed authorization requests[\s\S]*✓ wrote .*orders\.env/);
    rmSync(env);
    for (const [kind, setting] of [
      [guide, { clientAuthenticatorType: 'client-jwt' }],
      [['service', ...guide.slice(1, 3), '--env', env], { enabled: false }],
    ] as const) {
      Object.assign(orders ?? {}, setting);
      assert.match(
        (await run([...kind])).text,
        /! .*orders\.env: not written, because the .*client orders is/,
      );
      assert.equal(existsSync(env), false);
    }
  });

  it('setup app writes the settings of its service, and none of a client of another kind', async () => {
    listOf('clients').push({ id: 'theirs', clientId: 'theirs', enabled: true, publicClient: true });
    const env = join(folder, 'app-service.env');
    const app = ['app', '--client-id', 'orders', '--page', 'page', '--page-url', 'http://localhost:5173'];
    const files = ['--no-user', '--env', join(folder, 'app.env'), '--service-env', env];
    const theirs = await run([...app, '--service', 'theirs', ...files]);
    assert.match(theirs.text, /! client theirs: it is a public client: it has no secret/);
    assert.equal(existsSync(env), false);
    const own = await run([...app, '--service', 'billing', ...files]);
    assert.match(own.text, /✓ wrote .*app-service\.env/);
    assert.match(readFileSync(env, 'utf8'), /^KEYCLOAK_CLIENT_ID=billing$/m);
  });

  it('takes no key that lay in the folder, unless it is named or is the one of the client', async (t) => {
    const [cwd, there] = [process.cwd(), mkdtempSync(join(tmpdir(), 'cloned-'))];
    t.after(() => {
      process.chdir(cwd);
      rmSync(there, { recursive: true });
    });
    process.chdir(there);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync('client-key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const found = await setUp('--credential', 'key');
    assert.equal(found.code, 1);
    assert.match(found.text, /client-key\.pem was here before, and Keycloak does not know its key/);
    for (const kind of [
      ['service', '--client-id', 'shop'],
      ['guide', '--client-id', 'orders', '--no-user'],
    ]) {
      const left = await run([...kind, '--credential', 'key', '--env', join(folder, 'left.env')]);
      assert.match(left.text, /Keycloak does not know its key/);
      assert.match(left.text, /! .*left\.env: not written, because the credential of client /);
      assert.equal(
        existsSync(join(folder, 'left.env')),
        false,
        'a key that Keycloak does not take is in no settings',
      );
    }
    assert.equal(client()?.attributes?.['jwks.string'], undefined);
    assert.equal((await setUp('--credential', 'key', '--key-file', 'client-key.pem')).code, 0);
    assert.match((await setUp('--credential', 'key')).text, /Nothing to change/);
    rmSync('client-key.pem');
    assert.equal((await setUp('--credential', 'key')).code, 0);
    assert.match((await setUp('--credential', 'key')).text, /Nothing to change/);
  });

  it('ties a client to a service account of Kubernetes, and none to the same', async () => {
    const account = ['--credential', 'kubernetes', '--service-account', 'shop/api'];
    await setUp(...account, '--issuer', 'https://cluster.example');
    assert.equal(client().clientAuthenticatorType, 'federated-jwt');
    assert.equal(client().attributes['jwt.credential.sub'], 'system:serviceaccount:shop:api');
    const realm = keycloak.realms.get('shop') ?? assert.fail();
    assert.deepEqual(
      realm.providers.map(({ alias, providerId, config }) => [alias, providerId, config]),
      [['kubernetes', 'kubernetes', { issuer: 'https://cluster.example' }]],
    );
    // The realm knows one cluster, so that is meant.
    assert.match((await setUp(...account)).text, /Nothing to change/);
    const same = await run(['service', '--client-id', 'orders', '--no-env', ...account]);
    assert.match(same.text, /! credential of client orders: the client shop has the same service account/);
    await setUp(...account, '--issuer', 'https://other.example');
    assert.equal(client().attributes['jwt.credential.issuer'], 'kubernetes-2');
    assert.match((await setUp(...account)).text, /several clusters.*\n.*say --issuer/);
  });

  it('says so where Keycloak is too old', async () => {
    keycloak.authenticators.pop();
    const { text } = await setUp('--credential', 'kubernetes', '--service-account', 'shop/api');
    assert.match(text, /no authenticator 'Signed JWT - Federated'\n.*26\.4/);
  });

  it('refuses what does not belong together, before anything is called', async () => {
    writeFileSync(join(folder, 'no-key.pem'), 'no key');
    const before = keycloak.calls();
    for (const [args, pattern] of [
      [['--credential', 'magic'], /must be one of secret, key, kubernetes/],
      [['--key-file', KEY], /needs --credential key/],
      [['--credential', 'key', '--issuer', 'https://a.example'], /need --credential kubernetes/],
      [['--credential', 'kubernetes'], /<namespace>\/<name>/],
      [['--credential', 'kubernetes', '--service-account', 'shop'], /<namespace>\/<name>/],
      [
        ['--credential', 'kubernetes', '--service-account', 'a/b', '--issuer', 'http://a.example'],
        /https URL/,
      ],
      [['--credential', 'key', '--key-file', join(folder, 'no-key.pem')], /is no private key/],
      [['--calls', 'two words'], /client ids without spaces/],
      [['extra'], /unknown argument/],
    ] as const) {
      await assert.rejects(setUp(...args), (error) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, pattern);
        return true;
      });
    }
    assert.equal(keycloak.calls(), before);
  });
});

describe('a setup that writes settings, with another credential than a secret', () => {
  it('is switched whole: the setting for it is written, and the dead secret emptied', async (t) => {
    const env = join(folder, '.env');
    const always = ['--realm', 'shop', '--client-id', 'orders', '--env', env, '--no-user'];
    const { setUp } = await startSetup(t, { always });
    assert.equal((await setUp('guide')).code, 0);
    const key = ['--credential', 'key', '--key-file', KEY];
    assert.equal((await setUp('guide', ...key)).code, 0);
    const text = readFileSync(env, 'utf8');
    assert.match(text, /^KEYCLOAK_CLIENT_SECRET=$/m);
    assert.match(text, /^KEYCLOAK_CLIENT_KEY_FILE=.*key\.pem$/m);
    // From then on it is left so.
    assert.equal((await setUp('guide')).code, 0);
    assert.equal(readFileSync(env, 'utf8'), text);
  });

  it('setup service empties the dead secret too, and retires a former key where it is told which', async (t) => {
    const env = join(folder, 'service.env');
    const { keycloak, setUp } = await startSetup(t, { always: ['--realm', 'shop', '--client-id', 'orders'] });
    await setUp('api', '--no-env');
    const service = async (expected: number, ...args: string[]): Promise<string> => {
      const { code, text } = await setUp('service', ...args);
      assert.equal(code, expected, text);
      return text;
    };
    await service(0, '--env', env);
    assert.match(readFileSync(env, 'utf8'), /^KEYCLOAK_CLIENT_SECRET=made-by-keycloak$/m);
    const key = ['--env', env, '--credential', 'key', '--key-file'];
    await service(0, ...key, join(folder, 'first.pem'));
    assert.match(
      readFileSync(env, 'utf8'),
      /^KEYCLOAK_CLIENT_SECRET=\n[\s\S]*KEYCLOAK_CLIENT_KEY_FILE=.*first\.pem$/m,
    );
    const keysOf = (): string[] => {
      const client = keycloak.realms.get('shop')?.lists.clients.find((one) => one.clientId === 'orders');
      const { 'jwks.string': text = '' } = (client?.attributes ?? {}) as Record<string, string>;
      return JSON.parse(text).keys.map(({ kid }: { kid: string }) => kid);
    };
    const [first = ''] = keysOf();
    const second = [...key, join(folder, 'second.pem'), '--overwrite-env'];
    await service(0, ...second);
    assert.equal(keysOf().length, 2);
    const refused = await service(1, ...second, '--retire-key', 'unknown');
    assert.match(refused, new RegExp(`unknown is no key of it.*[^]*its other keys: ${first}`));
    assert.equal(keysOf().length, 2);
    // An id may begin with a dash.
    await service(0, ...second, `--retire-key=${first}`);
    assert.equal(keysOf().includes(first), false);
  });

  it('an MCP server needs no secret either: the key is in the file, and stays so without --credential', async (t) => {
    const env = join(folder, 'mcp.env');
    const { keycloak, setUp } = await startSetup(t, { always: ['--realm', 'shop'] });
    await setUp('api', '--no-env', '--client-id', 'orders');
    const url = 'https://tools.example.com/mcp';
    const mcp = async (...args: string[]) => {
      const { code, text } = await setUp('mcp', url, '--env', env, '--documents', 'example.com', ...args);
      assert.equal(code, 0, text);
      return readFileSync(env, 'utf8');
    };
    assert.match(await mcp(), /^KEYCLOAK_CLIENT_SECRET=made-by-keycloak$/m);
    const file = join(folder, 'mcp.pem');
    const written = await mcp('--credential', 'key', '--key-file', file);
    assert.match(written, /^KEYCLOAK_CLIENT_SECRET=\n[\s\S]*KEYCLOAK_CLIENT_KEY_FILE=.*mcp\.pem$/m);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const server = keycloak.realms.get('shop')?.lists.clients.find(({ clientId }) => clientId === url);
    assert.equal(server?.clientAuthenticatorType, 'client-jwt');
    assert.equal(await mcp(), written);
    const account = await mcp('--credential', 'kubernetes', '--service-account', 'shop/tools');
    assert.match(account, /^KEYCLOAK_CLIENT_KEY_FILE=\n[\s\S]*KEYCLOAK_CLIENT_TOKEN_FILE=\/var\/run/m);
  });

  it('an MCP server whose client is left as it is gets no settings', async (t) => {
    const env = join(folder, 'left.env');
    const { keycloak, setUp } = await startSetup(t, { always: ['--realm', 'shop'] });
    await setUp('api', '--no-env', '--client-id', 'orders');
    const url = 'https://tools.example.com/mcp';
    keycloak.realms.get('shop')?.lists.clients.push({ id: 'c-9', clientId: url, publicClient: true });
    const { code, text } = await setUp('mcp', url, '--env', env);
    assert.equal(code, 1, text);
    assert.match(text, /! client https:\/\/tools\.example\.com\/mcp: it is a public client/);
    assert.equal(existsSync(env), false);
  });

  it('says what its own tokens open where a service becomes an API, and an API a service', async (t) => {
    const opened = async (kinds: readonly (readonly string[])[]) => {
      const { setUp } = await startSetup(t, { always: ['--realm', 'shop', '--no-env'] });
      const { lines } = await setUp('api', '--client-id', 'stock');
      for (const [kind = '', ...args] of kinds)
        lines.push(...(await setUp(kind, '--client-id', 'orders', ...args)).lines);
      return lines.filter((line) => /opens: tokens of orders name/.test(line)).join('\n');
    };
    const [api, service] = [['api'], ['service', '--calls', 'stock']];
    assert.match(await opened([api, service]), /name orders already.*use them at stock, and the other way/);
    assert.match(await opened([service, api]), /name stock already.*use them at orders, and the other way/);
  });
});
