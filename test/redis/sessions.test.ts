import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildTestApp, form, PASSWORD, startIdp } from '../server/service.ts';
import { COOKIE, ORIGIN, openBrowser } from '../session/browser.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';

const SESSION_SECRET = 'b7f3c1d95e0a4826b7f3c1d95e0a4826';

/** Two replicas of one service, and a browser that is signed in at the first. */
async function setUp(t: TestContext, lifespan = 300) {
  const redis = await startRedis(t);
  const idp = await startIdp(t);
  idp.updateRealm({ accessTokenLifespan: lifespan, revokeRefreshToken: true, refreshTokenMaxReuse: 0 });
  const settings = { REDIS_URL: redis.url, TOKEN_CHECK: 'local', PUBLIC_URL: ORIGIN, SESSION_SECRET };
  const start = async () => {
    const { app } = await buildTestApp(t, idp.url, settings);
    await eventually('ready', async () => (await app.inject('/health/ready')).statusCode === 200);
    return app;
  };
  const [one, two] = [await start(), await start()];
  const browser = openBrowser(one);
  assert.equal((await browser.signIn()).statusCode, 303);
  const cookie = browser.session;
  const call = (app: typeof one) => app.inject({ url: '/protected', headers: { cookie } });
  return { redis, idp, one, two, cookie, call, start };
}

test('a session counts at every replica, and outlives the one it began at', async (t) => {
  const { one, two, call, start } = await setUp(t);
  assert.equal((await call(two)).statusCode, 200);
  await one.close();
  assert.equal((await call(two)).json().preferred_username, 'abdullah');
  assert.equal((await call(await start())).statusCode, 200);
});

test('a thousand requests at two replicas after the access token expired are one refresh', async (t) => {
  const { one, two, idp, call } = await setUp(t, 2);
  assert.equal((await call(two)).statusCode, 200);
  // Until it is over; near its end one replica renews it ahead, which is as good.
  const until = Date.now() + 2_200;
  await eventually('the token is over', async () => Date.now() > until);
  idp.updateRealm({ accessTokenLifespan: 300 });
  idp.resetRequests();
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => call(i % 2 ? one : two)));
  assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [200]);
  assert.equal(idp.requests.token, 1);
});

test('nothing in Redis can be read: no token, no user, no id of a session', async (t) => {
  const { redis, cookie } = await setUp(t);
  const { createClient } = await import('@redis/client');
  const client = await createClient({ url: redis.url }).connect();
  const keys = (await client.keys('*:session:*')) as string[];
  assert.equal(keys.length, 1);
  const value = String(await client.get(keys[0] ?? ''));
  await client.close();
  const id = decodeURIComponent(cookie.slice(`${COOKIE}=`.length)).split('.')[0] ?? '';
  assert.ok(!keys[0]?.includes(id) && !value.includes(id));
  const [header = '', ...rest] = value.split('.');
  assert.deepEqual(Object.keys(JSON.parse(Buffer.from(header, 'base64url').toString())), [
    'alg',
    'enc',
    'kid',
  ]);
  assert.doesNotMatch(rest.join('.'), /\beyJ|abdullah/);
});

test('Redis gone: 503 for cookie sessions that are not in memory, bearer tokens go on', async (t) => {
  const { redis, one, two, call } = await setUp(t);
  const login = await one.inject(form({ username: 'abdullah', password: PASSWORD }));
  await redis.kill();
  const answer = await call(two);
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.body, '{"detail":"Session store unavailable"}');
  assert.equal(answer.headers['retry-after'], '5');
  const headers = { authorization: `Bearer ${login.json().access_token}` };
  assert.equal((await two.inject({ url: '/protected', headers })).statusCode, 200);
});
