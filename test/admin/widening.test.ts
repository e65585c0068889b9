import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { toAudienceMapper } from '../../packages/cli/src/admin/mappers.ts';
import { KINDS } from '../../packages/cli/src/commands/setup.ts';
import { type FakeKeycloak, startFakeKeycloak } from './fake-keycloak.ts';
import { reachOf } from './reach.ts';
import { ADMIN } from './run-setup.ts';

const RED = '\u0001';

/** Runs a kind of setup in this process. Returns the lines that are red. */
async function setUp(keycloak: FakeKeycloak, args: readonly string[]): Promise<string[]> {
  const red: string[] = [];
  const out = {
    paint: (format: unknown, text: string) => (format === 'red' ? RED + text : text),
    line: (text = '') => void (text.startsWith(RED) && red.push(text.slice(1))),
    progress() {},
  };
  const [kind = '', ...rest] = args;
  const where = ['--url', keycloak.url, '--realm', 'shop', '--no-env', '--yes'];
  const code = await KINDS[kind]?.run([...rest, ...where], { environment: ADMIN, out });
  assert.ok(code === 0 || code === 1, `${args.join(' ')} ended with ${code}`);
  return red;
}

const API = ['guide', '--client-id', 'orders', '--app', 'http://localhost:8000', '--no-user'];
const ANNA = ['--user', 'anna', '--role', 'editor', '--client-role', 'reader', '--group', '/staff'];
const KUBERNETES = ['--credential', 'kubernetes', '--service-account'];
const KEY = join(mkdtempSync(join(tmpdir(), 'widening-')), 'key.pem');
after(() => rmSync(dirname(KEY), { recursive: true }));
const A = 'https://a.example/mcp';
const B = 'https://b.example/mcp';

/** A template whose clients may more than those of the realm. */
const TEMPLATE = join(mkdtempSync(join(tmpdir(), 'widening-')), 'template.json');
writeFileSync(
  TEMPLATE,
  JSON.stringify({
    realm: 'template',
    roles: { realm: [{ name: 'boss' }] },
    clientScopes: [{ name: 'pay', protocolMappers: [toAudienceMapper('billing')] }],
    clients: [
      {
        ...{
          clientId: 'frontend',
          publicClient: true,
          standardFlowEnabled: true,
          serviceAccountsEnabled: true,
        },
        ...{
          directAccessGrantsEnabled: true,
          redirectUris: ['https://evil.example/*'],
          webOrigins: ['https://evil.example'],
        },
        ...{ defaultClientScopes: ['email'], optionalClientScopes: ['pay'] },
        attributes: { 'post.logout.redirect.uris': 'https://evil.example/' },
      },
      {
        clientId: 'orders',
        publicClient: false,
        redirectUris: ['https://evil.example/x'],
        protocolMappers: [toAudienceMapper('frontend')],
        defaultClientScopes: ['pay'],
      },
    ],
  }),
);

writeFileSync(
  join(dirname(TEMPLATE), 'app.ts'),
  `kc.guard({ realmRole: 'admin', clientRole: 'boss', group: '/admins', scope: 'all' })`,
);

test('a set-up that names no address adds none to a client that has some', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  await fetch(`${keycloak.url}/admin/realms`, { method: 'POST', body: '{"realm":"shop"}' });
  const args = ['guide', '--client-id', 'orders', '--no-user'];
  await setUp(keycloak, [...args, '--app', 'https://orders.example']);
  const addresses = () => {
    const [client] = keycloak.realms.get('shop')?.lists.clients ?? [];
    return [client?.redirectUris, client?.webOrigins, client?.attributes];
  };
  const before = structuredClone(addresses());
  assert.deepEqual(await setUp(keycloak, [...args, '--role', 'editor']), []);
  assert.deepEqual(addresses(), before);
  const logouts = 'https://orders.internal/backchannel-logout';
  await setUp(keycloak, [...args, '--backchannel-url', logouts]);
  assert.deepEqual(addresses()[2], { ...(before[2] as object), 'backchannel.logout.url': logouts });
});

/** Each way to set something up: what is there first, and the same with other names. */
const TWICE: Readonly<Record<string, readonly (readonly (readonly string[])[])[]>> = {
  guide: [
    [API, ['guide', '--client-id', 'billing', '--app', 'http://localhost:9000', '--no-user']],
    [API, ['guide', '--client-id', 'orders', '--app', 'https://other.example', '--no-user']],
    [API, ['guide', '--client-id', 'billing', '--app', 'http://localhost:9000', ...ANNA]],
    [API, ['guide', '--client-id', 'orders', '--app', 'http://localhost:8000', '--enable', ...ANNA]],
    [
      ['mcp', A],
      ['guide', '--client-id', 'mcp-client', '--app', 'http://localhost:8000', '--no-user'],
    ],
  ],
  api: [
    [['api', '--client-id', 'orders', ...ANNA, '--scope', 'orders:read']],
    [
      ['audience', 'frontend', '--client-id', 'orders'],
      ['api', '--client-id', 'orders', '--organization-groups'],
    ],
    [
      ['audience', 'frontend', '--client-id', 'orders'],
      ['api', '--client-id', 'orders', ...ANNA, '--scope', 'orders:read'],
    ],
    [['api', '--client-id', 'frontend', '--enable', '--scope', 'email']],
    [
      ['audience', 'frontend', '--client-id', 'orders'],
      ['api', '--client-id', 'orders', '--user', 'anna', '--from', dirname(TEMPLATE)],
    ],
  ],
  web: [
    [
      [
        'web',
        '--client-id',
        'frontend',
        '--app',
        'https://other.example',
        '--backchannel-url',
        'https://b.example',
        '--no-user',
      ],
    ],
    [['web', '--client-id', 'orders', '--app', 'https://other.example', '--enable', ...ANNA]],
  ],
  app: [
    [
      [
        'app',
        '--client-id',
        'orders',
        '--page',
        'frontend',
        '--page-url',
        'https://other.example',
        '--service',
        'billing',
        ...ANNA,
      ],
    ],
    [
      ['app', '--client-id', 'orders', '--page', 'page', '--no-user'],
      [
        'app',
        '--client-id',
        'billing',
        '--page',
        'page',
        '--service',
        'orders-service',
        '--scope',
        'bill:pay',
        '--no-user',
      ],
    ],
  ],
  mcp: [
    [
      ['mcp', A],
      ['mcp', B],
    ],
    [
      ['mcp', A, '--scope', 'mcp:tools'],
      ['mcp', B, '--scope', 'mcp:tools'],
    ],
    [
      ['mcp', A, '--registration'],
      ['mcp', B, '--program', 'vscode', '--program', 'inspector'],
    ],
    [
      ['mcp', A, '--documents', 'a.example'],
      ['mcp', B, '--documents', 'b.example'],
    ],
    [
      ['mcp', A],
      ['mcp', B, '--scope', 'profile'],
    ],
    [
      ['mcp', A],
      ['audience', 'mcp-client', '--client-id', 'orders'],
      ['mcp', B],
    ],
    [
      ['mcp', A, '--scope', 'x'],
      ['mcp', B, '--scope', 'y', '--registration'],
    ],
  ],
  spa: [
    [
      ['spa', 'page', '--app', 'http://localhost:5173', '--client-id', 'orders'],
      ['spa', 'page', '--app', 'https://other.example', '--client-id', 'billing'],
    ],
    [['spa', 'frontend', '--app', 'http://localhost:3000', '--client-id', 'orders']],
    [['spa', 'orders', '--app', 'http://localhost:3000', '--client-id', 'billing']],
  ],
  service: [
    [['service', '--client-id', 'orders', '--calls', 'billing']],
    [
      ['api', '--client-id', 'billing', '--app', 'http://localhost:9000', '--no-user', '--group', '/staff'],
      ['service', '--client-id', 'orders', '--calls', 'billing'],
    ],
    [
      ['service', '--client-id', 'shop', '--calls', 'billing'],
      ['service', '--client-id', 'shop', '--calls', 'billing,orders'],
    ],
    [
      ['service', '--client-id', 'shop', '--calls', 'billing'],
      ['service', '--client-id', 'orders', '--calls', 'billing', '--credential', 'key', '--key-file', KEY],
    ],
    [['service', '--client-id', 'orders', '--calls', 'billing', '--credential', 'key', '--key-file', KEY]],
    [
      ['service', '--client-id', 'orders', '--calls', 'billing', '--credential', 'key', '--key-file', KEY],
      ['service', '--client-id', 'orders', '--calls', 'billing', '--credential', 'secret'],
    ],
    [
      ['service', '--client-id', 'billing', ...KUBERNETES, 'shop/billing'],
      ['service', '--client-id', 'orders', ...KUBERNETES, 'shop/orders'],
    ],
    [['api', ...API.slice(1), ...KUBERNETES, 'shop/orders', '--issuer', 'https://cluster.example']],
  ],
  caller: [
    [
      ['caller', '--client-id', 'orders'],
      ['caller', '--client-id', 'billing'],
    ],
  ],
  audience: [
    [
      ['audience', 'frontend', '--client-id', 'orders'],
      ['audience', 'frontend', '--client-id', 'billing'],
    ],
    [['audience', 'orders', '--client-id', 'billing']],
    [
      ['api', '--client-id', 'orders', '--scope', 'orders:read', '--group', '/staff'],
      ['audience', 'frontend', '--client-id', 'orders'],
    ],
    [
      ['mcp', A],
      ['audience', 'mcp-client', '--client-id', 'orders'],
    ],
  ],
  tenant: [
    [['tenant', 'shop', '--template', TEMPLATE]],
    [['tenant', 'acme', '--organization', '--domain', 'acme.test', '--user', 'anna', '--role', 'boss']],
    [
      ['tenant', 'acme', '--organization'],
      ['tenant', 'acme', 'globex', '--organization', '--user', 'anna'],
    ],
    [
      ['tenant', 'acme', '--organization', '--user', 'anna'],
      ['tenant', 'acme', '--organization', '--domain', 'evil.test'],
    ],
    [['tenant', 'acme', '--organization', '--user', 'anna', '--group', '/staff', '--role', 'boss']],
    [
      ['tenant', 'acme', '--organization', '--user', 'anna', '--group', '/staff'],
      ['tenant', 'acme', '--organization', '--group', '/staff', '--role', 'boss'],
    ],
  ],
  events: [
    [['events', '--client-id', 'orders']],
    [
      ['events', '--client-id', 'orders'],
      ['events', '--client-id', 'billing'],
    ],
  ],
  export: [
    [
      API,
      [
        'export',
        join(mkdtempSync(join(tmpdir(), 'export-')), 'realm.json'),
        '--client-id',
        'billing',
        '--no-user',
      ],
    ],
  ],
};

/** A realm with two APIs, a page that calls them, and somebody who could do nothing until now. Made once: each test has a copy. */
const made = (async () => {
  const keycloak = await startFakeKeycloak();
  await setUp(keycloak, API);
  await setUp(keycloak, ['guide', '--client-id', 'billing', '--app', 'http://localhost:9000', '--no-user']);
  await keycloak.close();
  const realm = keycloak.realms.get('shop') ?? assert.fail();
  const { lists } = realm;
  const frontend = {
    id: 'c-1',
    clientId: 'frontend',
    publicClient: true,
    redirectUris: ['http://localhost:3000/'],
  };
  lists.clients.push({ ...frontend, defaultClientScopes: ['basic'] } as never);
  const names = { username: 'anna', firstName: 'Anna', lastName: 'Berg', email: 'anna@example.com' };
  lists.users.push({ id: 'u-1', ...names, enabled: false, credentials: [{ type: 'password' }] } as never);
  return realm;
})();

async function startRealm(t: TestContext): Promise<FakeKeycloak> {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  keycloak.realms.set('shop', structuredClone(await made));
  return keycloak;
}

test('every kind of setup is run twice here', () => {
  assert.deepEqual(Object.keys(TWICE).sort(), Object.keys(KINDS).sort());
});

for (const [kind, runs] of Object.entries(TWICE)) {
  for (const steps of runs) {
    const last = steps.at(-1) as readonly string[];
    test(`setup ${kind} says in red what becomes possible for those who were there: ${last.join(' ')}`, async (t) => {
      const keycloak = await startRealm(t);
      const realm = keycloak.realms.get('shop') ?? assert.fail();
      for (const before of steps.slice(0, -1)) await setUp(keycloak, before);
      const known = new Set([
        'the realm',
        ...realm.lists.clients.map(({ clientId }) => String(clientId)),
        ...realm.lists.users.map(({ username }) => String(username)),
      ]);
      const before = new Set(reachOf(realm).map((one) => JSON.stringify(one)));
      const red = await setUp(keycloak, last);
      const opened = reachOf(realm).filter((one) => known.has(one.who) && !before.has(JSON.stringify(one)));
      for (const { who, what } of opened) {
        const words = [...(who === 'the realm' ? [] : [who]), ...what].map((word) =>
          word.replace(/^scope /, ''),
        );
        const said = red.some((line) => words.every((word) => line.includes(word)) || isAbout(line, words));
        assert.ok(said, `${who} can now: ${what.join(' + ')}. In red: ${red.join(' | ') || 'nothing'}`);
      }
    });
  }
}

/** A sentence that says it in other words: a scope by what it tells. */
function isAbout(line: string, [who = '', what = '']: readonly string[]): boolean {
  const meaning = {
    basic: 'whose they are',
    profile: 'name of the person',
    email: 'address of the person',
    'organization-groups': 'groups and roles of them',
  }[what];
  return meaning !== undefined && line.includes(who) && line.includes(meaning);
}

test('two MCP servers do not share a token, whatever setup is told', async (t) => {
  const keycloak = await startRealm(t);
  for (const args of [
    ['mcp', A, '--scope', 'mcp:tools'],
    ['mcp', B, '--scope', 'mcp:tools'],
    ['mcp', B],
    ['mcp', A],
  ]) {
    await setUp(keycloak, args);
  }
  const { lists } = keycloak.realms.get('shop') ?? assert.fail();
  const shared = lists['client-scopes'].filter(({ protocolMappers }) => {
    const text = JSON.stringify(protocolMappers ?? []);
    return text.includes(`"${A}"`) && text.includes(`"${B}"`);
  });
  assert.deepEqual(shared, []);
});
