import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../../packages/cli/src/setup/kinds.ts';
import { startFakeKeycloak } from './fake-keycloak.ts';

test('groups reach every client whose tokens are for the API, and those that come later', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const lines: string[] = [];
  const out = {
    paint: (_: unknown, text: string) => text,
    line: (text = '') => void lines.push(text),
    progress() {},
  };
  const environment = { KEYCLOAK_ADMIN_USER: 'admin', KEYCLOAK_ADMIN_PASSWORD: 'admin' };
  const setUp = async (kind: string, ...args: string[]) => {
    const where = ['--url', keycloak.url, '--realm', 'shop', '--no-env', '--yes'];
    lines.length = 0;
    assert.equal(await KINDS[kind]?.run([...args, ...where], { environment, out }), 0, lines.join('\n'));
  };
  const api = ['--client-id', 'orders', '--no-user'];
  await setUp('api', ...api);
  const { lists } = keycloak.realms.get('shop') ?? assert.fail();
  const page = { id: 'c-1', clientId: 'page', publicClient: true, defaultClientScopes: ['basic'] };
  const report = { id: 'c-2', clientId: 'report', defaultClientScopes: ['basic'] };
  lists.clients.push(page, report, { id: 'c-3', clientId: 'stranger', defaultClientScopes: ['basic'] });
  await setUp('audience', 'page', '--client-id', 'orders');

  await setUp('api', ...api, '--group', '/staff');
  const withGroups = () =>
    lists.clients
      .filter(({ defaultClientScopes }) => (defaultClientScopes as string[]).includes('groups'))
      .map(({ clientId }) => clientId);
  assert.deepEqual(withGroups(), ['orders', 'page']);
  assert.ok(lines.includes('      opens: tokens of page say in which groups a person is'), lines.join('\n'));
  await setUp('api', ...api, '--group', '/staff');
  assert.ok(lines.includes('Nothing to change.'), lines.join('\n'));

  await setUp('audience', 'report', '--client-id', 'orders');
  assert.deepEqual(withGroups(), ['orders', 'page', 'report']);
});

test('who calls a service gets its scopes, and not those by which it calls others', async (t) => {
  const keycloak = await startFakeKeycloak();
  t.after(() => keycloak.close());
  const lines: string[] = [];
  const out = {
    paint: (_: unknown, text: string) => text,
    line: (text = '') => void lines.push(text),
    progress() {},
  };
  const environment = { KEYCLOAK_ADMIN_USER: 'admin', KEYCLOAK_ADMIN_PASSWORD: 'admin' };
  for (const [kind, ...args] of [
    ['api', '--client-id', 'orders'],
    ['api', '--client-id', 'shop', '--scope', 'shop:read'],
    ['service', '--client-id', 'shop', '--calls', 'orders'],
    ['spa', 'page', '--client-id', 'shop', '--app', 'http://localhost:5173'],
  ] as [string, ...string[]][]) {
    const where = ['--url', keycloak.url, '--realm', 'shop', '--no-env', '--yes'];
    assert.equal(await KINDS[kind]?.run([...args, ...where], { environment, out }), 0, lines.join('\n'));
  }
  const { lists } = keycloak.realms.get('shop') ?? assert.fail();
  const page = lists.clients.find(({ clientId }) => clientId === 'page') ?? assert.fail();
  assert.deepEqual(page.optionalClientScopes, ['shop:read']);
  const shop = lists.clients.find(({ clientId }) => clientId === 'shop') ?? assert.fail();
  assert.deepEqual(shop.optionalClientScopes, ['shop:read', 'to-orders']);
});
