import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startSetup } from './run-setup.ts';

/** A Keycloak, and `setup` on its realm `shop`, which succeeds. */
async function start(t: TestContext) {
  const { keycloak, setUp: run } = await startSetup(t, { always: ['--realm', 'shop', '--no-env'] });
  async function setUp(kind: string, ...args: string[]): Promise<string[]> {
    const { code, lines, text } = await run(kind, ...args);
    assert.equal(code, 0, text);
    return lines;
  }
  return { keycloak, setUp };
}

test('groups reach every client whose tokens are for the API, and those that come later', async (t) => {
  const { keycloak, setUp } = await start(t);
  const api = ['--client-id', 'orders', '--no-user'];
  await setUp('api', ...api);
  const { lists } = keycloak.realms.get('shop') ?? assert.fail();
  const page = { id: 'c-1', clientId: 'page', publicClient: true, defaultClientScopes: ['basic'] };
  const report = { id: 'c-2', clientId: 'report', defaultClientScopes: ['basic'] };
  lists.clients.push(page, report, { id: 'c-3', clientId: 'stranger', defaultClientScopes: ['basic'] });
  await setUp('audience', 'page', '--client-id', 'orders');

  const first = await setUp('api', ...api, '--group', '/staff');
  const withGroups = () =>
    lists.clients
      .filter(({ defaultClientScopes }) => (defaultClientScopes as string[]).includes('groups'))
      .map(({ clientId }) => clientId);
  assert.deepEqual(withGroups(), ['orders', 'page']);
  assert.ok(first.includes('      opens: tokens of page say in which groups a person is'), first.join('\n'));
  const second = await setUp('api', ...api, '--group', '/staff');
  assert.ok(second.includes('Nothing to change.'), second.join('\n'));

  await setUp('audience', 'report', '--client-id', 'orders');
  assert.deepEqual(withGroups(), ['orders', 'page', 'report']);
});

test('who calls a service gets its scopes, and not those by which it calls others', async (t) => {
  const { keycloak, setUp } = await start(t);
  for (const [kind, ...args] of [
    ['api', '--client-id', 'orders'],
    ['api', '--client-id', 'shop', '--scope', 'shop:read'],
    ['service', '--client-id', 'shop', '--calls', 'orders'],
    ['spa', 'page', '--client-id', 'shop', '--app', 'http://localhost:5173'],
  ] as [string, ...string[]][])
    await setUp(kind, ...args);
  const { lists } = keycloak.realms.get('shop') ?? assert.fail();
  const page = lists.clients.find(({ clientId }) => clientId === 'page') ?? assert.fail();
  assert.deepEqual(page.optionalClientScopes, ['shop:read']);
  const shop = lists.clients.find(({ clientId }) => clientId === 'shop') ?? assert.fail();
  assert.deepEqual(shop.optionalClientScopes, ['shop:read', 'to-orders']);
});
