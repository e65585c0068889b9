import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { showExchange } from '../../packages/cli/src/token/exchange-why.ts';
import { startAdminApi } from '../admin/admin-api.ts';
import { ADMIN, createLines } from '../admin/run-setup.ts';

const MAPPER = { protocolMapper: 'oidc-audience-mapper', config: { 'included.client.audience': 'orders' } };
const EXCHANGE = { 'standard.token.exchange.enabled': 'true' };
const TOKEN = 'evaluate-scopes/generate-example-access-token';

/** What is said of an exchange by `shop` for `orders`, in a realm where it works but for what differs. */
async function why(
  t: TestContext,
  {
    shop = {},
    orders = true,
    scopes = [] as object[],
    aud = {} as Record<string, unknown>,
    more = {} as Record<string, unknown>,
  } = {},
) {
  const client = {
    id: 's',
    clientId: 'shop',
    attributes: EXCHANGE,
    optionalClientScopes: ['to-orders'],
    ...shop,
  };
  const page = { id: 'p', clientId: 'page' };
  const audiences: Record<string, unknown> = { 's?to-orders': ['orders'], p: 'shop', ...aud };
  const url = await startAdminApi(t, {
    realm: {},
    'realm/clients': [
      client,
      page,
      { id: 'x', clientId: 'bearer', bearerOnly: true },
      { id: 'y', clientId: 'off', enabled: false },
    ],
    'realm/clients?clientId=shop': [client],
    'realm/clients?clientId=orders': orders ? [{ id: 'o', clientId: 'orders' }] : [],
    'realm/client-scopes': [{ name: 'to-orders', protocolMappers: [MAPPER] }, ...scopes],
    'realm/default-default-client-scopes': [],
    'realm/default-optional-client-scopes': [],
    'realm/users?username=anna&exact=true': [{ id: 'u', username: 'anna' }],
    [`realm/clients/s/${TOKEN}?userId=u&scope=to-orders`]: { aud: audiences['s?to-orders'] },
    [`realm/clients/s/${TOKEN}`]: { aud: audiences.s },
    [`realm/clients/p/${TOKEN}`]: { aud: audiences.p },
    [`realm/clients/x/${TOKEN}`]: { aud: 'shop' },
    [`realm/clients/y/${TOKEN}`]: { aud: 'shop' },
    ...more,
  });
  const { lines, out } = createLines();
  const where = ['--url', url, '--realm', 'realm', '--client-id', 'shop'];
  const code = await showExchange([...where, '--for', 'orders', '--user', 'anna'], ADMIN, out as never);
  return { code, lines: lines.map((line) => line.replace(url, 'http://kc')) };
}

test('an exchange that works: each condition is met, and the scope to ask for is named', async (t) => {
  assert.deepEqual(await why(t), {
    code: 0,
    lines: [
      '✓ shop, on behalf of anna: a token for orders is exchanged',
      '  ├ ✓ the user anna is enabled',
      '  ├ ✓ there is a client shop',
      '  ├ ✓ there is a client orders',
      '  ├ ✓ shop is enabled and has a credential',
      '  ├ ✓ Standard token exchange of shop is on',
      '  ├ ✓ with the scope to-orders, tokens of shop are for orders',
      '  └ ✓ tokens of these clients are for shop: page',
    ],
  });
  const always = await why(t, {
    shop: { defaultClientScopes: ['to-orders'], optionalClientScopes: [] },
    aud: { s: ['x', 'orders'] },
  });
  assert.equal(always.code, 0);
  assert.ok(
    always.lines.includes('  ├ ✓ without a scope, tokens of shop are for orders'),
    always.lines.join('\n'),
  );
});

test('an exchange that does not work: what is wrong is named, with the command that mends it', async (t) => {
  const service =
    'To fix it: npx keycloak-guard setup service --client-id shop --calls orders --url http://kc --realm realm';
  const bad = async (marked: string, fix: string | RegExp, given: Parameters<typeof why>[1]) => {
    const { code, lines } = await why(t, given);
    assert.equal(code, 1);
    assert.match(lines[0] ?? '', /^✗ .* is refused$/);
    assert.ok(
      lines.some((line) => line.endsWith(`✗ ${marked}`)),
      `${marked}\n${lines.join('\n')}`,
    );
    const fixes = lines.filter((line) => line.startsWith('To fix it: '));
    assert.equal(fixes.length, 1);
    if (typeof fix === 'string') assert.equal(fixes[0], fix);
    else assert.match(fixes[0] ?? '', fix);
  };
  await bad('the user anna is enabled', /enable the user anna/, {
    more: { 'realm/users?username=anna&exact=true': [{ id: 'u', username: 'anna', enabled: false }] },
  });
  await bad('there is a client shop', service, { more: { 'realm/clients?clientId=shop': [] } });
  await bad('there is a client orders', /look at --for/, { orders: false });
  for (const shop of [{ enabled: false }, { publicClient: true }, { bearerOnly: true }])
    await bad(
      'shop is enabled and has a credential',
      /^To fix it: Clients > shop: Enabled, Client authentication ON$/,
      { shop },
    );
  await bad('Standard token exchange of shop is on', service, { shop: { attributes: {} } });
  await bad('with the scope to-orders, tokens of shop are for orders', /look at the client scope to-orders/, {
    aud: { 's?to-orders': 'x' },
  });
  await bad('without a scope, tokens of shop are for orders', service, {
    shop: { optionalClientScopes: [] },
    more: { 'realm/client-scopes': [{ name: 'other' }] },
  });
  await bad('tokens of some client are for shop', /setup audience '<caller>' .*--client-id shop/, {
    aud: { p: undefined },
  });
});

test('what is missing is said before anybody is asked for a password', async () => {
  const { out } = createLines();
  await assert
    .rejects(showExchange(['--url', 'http://127.0.0.1:9'], ADMIN, out as never), {
      problems: [/--for needs/, /--user needs/].map((one) => one),
    })
    .catch(async () => {
      await assert.rejects(
        showExchange(['--url', 'http://127.0.0.1:9'], ADMIN, out as never),
        /--for needs the client id[\s\S]*--user needs the name/,
      );
    });
});

test('a user who is not there is said to be none', async (t) => {
  await assert.rejects(why(t, { more: { 'realm/users?username=anna&exact=true': [] } }), {
    kind: 'missing',
    status: 404,
    message: 'There is no user anna in realm',
  });
});
