import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createClient } from '@redis/client';
import { buildTestApp, form, PASSWORD, startIdp } from '../server/service.ts';
import { ORIGIN, openBrowser } from '../session/browser.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';

const login = { ...form({ username: 'abdullah', password: PASSWORD }), remoteAddress: '203.0.113.77' };

async function setUp(t: TestContext) {
  const [redis, idp] = [await startRedis(t), await startIdp(t)];
  const start = async (settings: Record<string, string> = {}) => {
    const { app } = await buildTestApp(t, idp.url, { REDIS_URL: redis.url, PUBLIC_URL: ORIGIN, ...settings });
    await app.whenKnowing(5_000);
    return app;
  };
  return { redis, start };
}

for (const [prefix, settings] of [
  ['keycloak-guard:testing:fastapi-keycloak:', {}],
  ['shop/prod:', { REDIS_KEY_PREFIX: 'shop/prod' }],
] as const) {
  test(`every key begins with ${prefix} and names nobody`, async (t) => {
    const { redis, start } = await setUp(t);
    const app = await start(settings);
    assert.equal((await openBrowser(app).signIn()).statusCode, 303);
    const { refresh_token } = (await app.inject(login)).json();
    const logout = await app.inject({ method: 'POST', url: '/logout', payload: { refresh_token } });
    assert.equal(logout.statusCode, 204);
    const client = createClient({ url: redis.url });
    await client.connect();
    const keys = await client.keys('*');
    client.destroy();
    const kinds = keys.map((key) => key.slice(prefix.length).split(':', 1)[0]);
    const expected = ['limit', 'mark', 'revocations', 'session', 'session-group'];
    assert.deepEqual([...new Set(kinds)].sort(), expected);
    for (const key of keys) {
      assert.ok(key.startsWith(prefix), key);
      assert.doesNotMatch(key, /abdullah|203\.0\.113|127\.0\.0\.1/);
    }
  });
}

test('services of different clients on one Redis share no limit, replicas of one do', async (t) => {
  const { start } = await setUp(t);
  const limit = { LOGINS_PER_MINUTE_AND_ADDRESS: '1' };
  const [one, two] = [await start(limit), await start(limit)];
  const other = await start({ ...limit, KEYCLOAK_CLIENT_ID: 'orders' });
  await eventually('Redis is there', async () => (await one.inject(login)).statusCode === 429);
  assert.equal((await two.inject(login)).statusCode, 429);
  assert.notEqual((await other.inject(login)).statusCode, 429);
});
