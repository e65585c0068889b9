import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { startService } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { buildTestApp, collectLog, configFor, form, PASSWORD, startIdp } from '../server/service.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis, type TestRedis } from '../support/redis-server.ts';

const REVOKED = 'Bearer error="invalid_token", error_description="The access token was revoked"';

// Without rechecks: what is refused is refused because another replica said so.
async function startReplicas(t: TestContext, redis: TestRedis, count: number) {
  const idp = await startIdp(t);
  const settings = { REDIS_URL: redis.url, TOKEN_CHECK: 'local' };
  const replicas = await Promise.all(
    Array.from({ length: count }, async () => (await buildTestApp(t, idp.url, settings)).app),
  );
  for (const app of replicas) await eventually('the replica is ready', () => isReady(app));
  return { idp, replicas, start: async () => (await buildTestApp(t, idp.url, settings)).app };
}

const isReady = async (app: FastifyInstance) => (await app.inject('/health/ready')).statusCode === 200;

async function login(app: FastifyInstance): Promise<{ access_token: string; refresh_token: string }> {
  const answer = await app.inject(form({ username: 'abdullah', password: PASSWORD }));
  assert.equal(answer.statusCode, 200);
  return answer.json();
}

const callProtected = (app: FastifyInstance, token: string) =>
  app.inject({ url: '/protected', headers: { authorization: `Bearer ${token}` } });

const logout = (app: FastifyInstance, refresh_token: string) =>
  app.inject({ method: 'POST', url: '/logout', payload: { refresh_token } });

test('a logout at one replica is 401 at every replica within 100 ms', async (t) => {
  const redis = await startRedis(t);
  const { replicas } = await startReplicas(t, redis, 3);
  const times: number[] = [];
  for (let round = 0; round < 50; round++) {
    const { access_token, refresh_token } = await login(replicas[round % 3]!);
    for (const app of replicas) assert.equal((await callProtected(app, access_token)).statusCode, 200);
    assert.equal((await logout(replicas[(round + 1) % 3]!, refresh_token)).statusCode, 204);
    const begin = performance.now();
    for (const app of replicas) {
      await eventually('401', async () => {
        const answer = await callProtected(app, access_token);
        if (answer.statusCode === 401) assert.equal(answer.headers['www-authenticate'], REVOKED);
        return answer.statusCode === 401;
      });
    }
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  t.diagnostic(
    `logout to 401 on all: median ${times[25]?.toFixed(1)} ms, longest ${times[49]?.toFixed(1)} ms`,
  );
  // The median: other work on the machine may hold up one of a hundred.
  assert.ok(times[25]! < 100, `the median is ${times[25]} ms`);
});

test('a replica that starts later refuses who was logged out before', async (t) => {
  const redis = await startRedis(t);
  const { replicas, start } = await startReplicas(t, redis, 1);
  const { access_token, refresh_token } = await login(replicas[0]!);
  assert.equal((await logout(replicas[0]!, refresh_token)).statusCode, 204);
  const later = await start();
  await eventually('the replica is ready', () => isReady(later));
  const answer = await callProtected(later, access_token);
  assert.equal(answer.statusCode, 401);
  assert.equal(answer.headers['www-authenticate'], REVOKED);
});

test('a replica that starts takes no request before it knows who was logged out', async (t) => {
  const redis = await startRedis(t);
  const { idp, replicas } = await startReplicas(t, redis, 1);
  const { access_token, refresh_token } = await login(replicas[0]!);
  assert.equal((await logout(replicas[0]!, refresh_token)).statusCode, 204);
  redis.freeze();
  const config = configFor(idp.url, { REDIS_URL: redis.url, TOKEN_CHECK: 'local', HOST: '127.0.0.1' });
  const starting = startService(config, { logger: createLoggerTo(config, collectLog().stream) });
  t.after(async () => (await starting).close());
  const first = await Promise.race([starting, new Promise((resolve) => setTimeout(resolve, 500, 'waits'))]);
  assert.equal(first, 'waits', 'it listened while Redis had not answered');
  redis.thaw();
  const { url } = await starting;
  const headers = { authorization: `Bearer ${access_token}` };
  assert.equal((await fetch(`${url}/protected`, { headers })).status, 401);
});

test('a replica starts without Redis all the same', async (t) => {
  const redis = await startRedis(t);
  const idp = await startIdp(t);
  await redis.kill();
  const config = configFor(idp.url, { REDIS_URL: redis.url, HOST: '127.0.0.1' });
  const service = await startService(config, { logger: createLoggerTo(config, collectLog().stream) });
  t.after(() => service.close());
  assert.equal((await fetch(`${service.url}/health/live`)).status, 200);
  assert.equal((await fetch(`${service.url}/health/ready`)).status, 503);
});

test('a logout that cannot be shared is 503, counts here at once and everywhere when Redis is back', async (t) => {
  const redis = await startRedis(t);
  const { replicas } = await startReplicas(t, redis, 2);
  const [here, there] = replicas as [FastifyInstance, FastifyInstance];
  const { access_token, refresh_token } = await login(here);
  assert.equal((await callProtected(there, access_token)).statusCode, 200);
  await redis.kill();
  const answer = await logout(here, refresh_token);
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.body, '{"detail":"Logout could not be shared"}');
  assert.equal(answer.headers['retry-after'], '5');
  assert.equal((await callProtected(here, access_token)).statusCode, 401);
  const ready = await here.inject('/health/ready');
  assert.equal(ready.statusCode, 200, 'with Redis gone, all replicas would be out');
  assert.deepEqual(ready.json().checks.redis, {
    ok: false,
    detail: 'Does not answer, or refuses writes: see the log',
  });
  await redis.start();
  await eventually('401 there', async () => (await callProtected(there, access_token)).statusCode === 401);
});

test('a replica is not ready before it knows who was logged out', async (t) => {
  const redis = await startRedis(t);
  const { start } = await startReplicas(t, redis, 0);
  await redis.kill();
  const app = await start();
  // The keys are there; only Redis is missing.
  await eventually('keys', async () => (await app.inject('/health/ready')).json().checks.keys.ok);
  const answer = await app.inject('/health/ready');
  assert.equal(answer.statusCode, 503);
  const redisCheck = { ok: false, detail: 'Logouts of other processes are not loaded yet' };
  assert.deepEqual(answer.json().checks.redis, redisCheck);
  await redis.start();
  // Its two connections come back one after the other: it is ready with the one that brings the logouts.
  await eventually('the replica is ready', () => isReady(app));
  const redisIsThere = async () => (await app.inject('/health/ready')).json().checks.redis.ok;
  await eventually('Redis answers', redisIsThere);
  assert.deepEqual((await app.inject('/health/ready')).json().checks.redis, { ok: true, detail: 'Answers' });
});

test('the password in REDIS_URL is in no log', async (t) => {
  const idp = await startIdp(t);
  const { app, log } = await buildTestApp(t, idp.url, {
    REDIS_URL: 'redis://user:hunter2secret@127.0.0.1:1',
  });
  await eventually('the loss is logged', () => log.lines().some(({ code }) => code === 'redis_lost'));
  await app.close();
  assert.ok(!log.text().includes('hunter2secret'));
});

test('replicas count logins together, and go on without counting while Redis is down', async (t) => {
  const redis = await startRedis(t);
  const idp = await startIdp(t);
  const settings = { REDIS_URL: redis.url, LOGINS_PER_MINUTE_AND_ADDRESS: '2' };
  const here = (await buildTestApp(t, idp.url, settings)).app;
  const there = (await buildTestApp(t, idp.url, settings)).app;
  for (const app of [here, there]) await eventually('the replica is ready', () => isReady(app));
  const right = form({ username: 'abdullah', password: PASSWORD });
  assert.equal((await here.inject(right)).statusCode, 200);
  assert.equal((await there.inject(right)).statusCode, 200);
  const refused = await here.inject(right);
  assert.equal(refused.statusCode, 429);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  await redis.kill();
  assert.equal((await here.inject(right)).statusCode, 200);
});
