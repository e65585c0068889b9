import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { explainStart, startService } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { startMetricsServer } from '../../packages/server/src/observability/metrics-server.ts';
import { collectLog, configFor, form, PASSWORD, startIdp } from './service.ts';

test('Prometheus reads requests, token checks and Keycloak on a port of its own', async (t) => {
  const idp = await startIdp(t);
  const config = configFor(idp.url, { METRICS_PORT: '0' });
  const service = await startService(config, { logger: createLoggerTo(config, collectLog().stream) });
  t.after(() => service.close());
  const { app, metricsUrl } = service;
  const login = await app.inject(form({ username: 'abdullah', password: PASSWORD }));
  await app.inject(form({ username: 'abdullah', password: 'wrong' }));
  const authorization = `Bearer ${login.json().access_token}`;
  for (let i = 0; i < 3; i++) await app.inject({ url: '/protected', headers: { authorization } });
  await app.inject('/protected?user=abdullah');
  await app.inject('/nothing/of/that/name');

  const answer = await fetch(metricsUrl!);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  for (const line of [
    'http_request_duration_seconds_count{route="/login",status="200"} 1',
    'http_request_duration_seconds_count{route="/login",status="401"} 1',
    'http_request_duration_seconds_count{route="/protected",status="200"} 3',
    'http_request_duration_seconds_count{route="/protected",status="401"} 1',
    'http_request_duration_seconds_count{route="none",status="404"} 1',
    'keycloak_guard_token_checks_total{source="cache",result="accepted"} 2',
    'keycloak_guard_token_checks_total{source="keys",result="accepted"} 1',
    'keycloak_guard_token_checks_total{source="recheck",result="accepted"} 0',
    'keycloak_guard_logins_total{by="password",outcome="ok"} 1',
    'keycloak_guard_logins_total{by="password",outcome="wrong_credentials"} 1',
    'keycloak_guard_logins_total{by="password",outcome="keycloak_unavailable"} 0',
    'keycloak_guard_keycloak_request_duration_seconds_count{call="password",outcome="ok"} 1',
    'keycloak_guard_keycloak_request_duration_seconds_count{call="password",outcome="refused"} 1',
    'keycloak_guard_keycloak_request_duration_seconds_count{call="jwks",outcome="ok"} 1',
    'keycloak_guard_keycloak_request_duration_seconds_count{call="discovery",outcome="ok"} 1',
    'keycloak_guard_keycloak_up 1',
    'keycloak_guard_logins_in_flight 0',
    'keycloak_guard_logins_waiting 0',
    'keycloak_guard_calls_in_flight 0',
    'keycloak_guard_calls_waiting 0',
    'keycloak_guard_calls_stopped 0',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line}\n\n${text}`);
  }
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m);
  assert.ok(!text.includes('abdullah') && !text.includes('eyJ'), 'nothing that grows with users');
  const second = await (await fetch(metricsUrl!)).text();
  assert.ok(
    second.includes('keycloak_guard_token_checks_total{source="cache",result="accepted"} 2\n'),
    'read, not added up',
  );

  const buckets = text.matchAll(
    /_request_duration_seconds_bucket\{le="([^"]+)",route="none",status="404"\} 1$/gm,
  );
  const bounds = [...buckets].map(([, bound]) => bound);
  assert.deepEqual(bounds.slice(-7), ['0.25', '0.5', '1', '2.5', '5', '10', '+Inf']);

  const elsewhere = await fetch(new URL('/protected', metricsUrl));
  assert.equal(elsewhere.status, 404);
  const ask = async (method: string) => (await fetch(`${metricsUrl}?x`, { method })).status;
  assert.deepEqual([await ask('HEAD'), await ask('POST'), await ask('GET')], [200, 404, 200]);
  assert.equal((await app.inject('/metrics')).statusCode, 404, 'not on the port of the API');
});

test('numbers that cannot be read are a 503, and the port goes with the service', async () => {
  let isBroken = true;
  const read = async () => (isBroken ? Promise.reject(new Error('no')) : 'a 1\n');
  const server = await startMetricsServer(
    { metrics: read, contentType: 'text/plain' },
    { host: '127.0.0.1', port: 0 },
  );
  const url = `http://127.0.0.1:${server.port}/metrics`;
  const broken = await fetch(url);
  assert.deepEqual([broken.status, await broken.json()], [503, { detail: 'Service Unavailable' }]);
  isBroken = false;
  assert.equal(await (await fetch(url)).text(), 'a 1\n');
  server.close();
  await assert.rejects(fetch(url));
});

test('metrics have an address of their own where METRICS_HOST is set, else that of the API', async (t) => {
  const idp = await startIdp(t);
  for (const [settings, host] of [
    [{ HOST: '127.0.0.1', METRICS_HOST: '127.0.0.2' }, '127.0.0.2'],
    [{ HOST: '127.0.0.1', METRICS_HOST: '0.0.0.0' }, 'localhost'],
    [{ HOST: '127.0.0.1' }, '127.0.0.1'],
  ] as const) {
    const config = configFor(idp.url, { METRICS_PORT: '0', ...settings });
    const service = await startService(config, { logger: createLoggerTo(config, collectLog().stream) });
    t.after(() => service.close());
    const url = new URL(service.metricsUrl!);
    assert.equal(url.hostname, host);
    assert.equal(new URL(service.url).hostname, '127.0.0.1');
    assert.equal((await fetch(url)).status, 200);
    if (host === '127.0.0.2') await assert.rejects(fetch(`http://127.0.0.1:${url.port}/metrics`));
  }
});

test('of an address that is not of this machine it is said which setting it is', async () => {
  for (const [settings, name] of [
    [{ HOST: '127.0.0.1', METRICS_HOST: '203.0.113.1' }, 'METRICS_HOST'],
    [{ HOST: '203.0.113.1', METRICS_HOST: '127.0.0.1' }, 'HOST'],
    [{ HOST: '203.0.113.1' }, 'HOST'],
  ] as const) {
    const config = configFor('http://127.0.0.1:9', { METRICS_PORT: '0', ...settings });
    const started = startService(config, { logger: createLoggerTo(config, collectLog().stream) });
    await assert.rejects(started, (error) => {
      assert.equal(explainStart(error, config), `${name} is not an address of this machine.`);
      return true;
    });
  }
});

test('of a port that is taken it is said which setting it is', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const port = String((taken.address() as AddressInfo).port);
  for (const [settings, name] of [
    [{ PORT: '0', METRICS_PORT: port }, 'METRICS_PORT'],
    [{ PORT: port, METRICS_PORT: '0' }, 'PORT'],
    [{ PORT: port }, 'PORT'],
  ] as const) {
    const config = configFor('http://127.0.0.1:9', { ...settings, METRICS_HOST: '127.0.0.1' });
    const started = startService(config, { logger: createLoggerTo(config, collectLog().stream) });
    await assert.rejects(started, (error) => {
      assert.equal(explainStart(error, config), `port ${port} is taken. Set ${name} to another one.`);
      return true;
    });
  }
});

test('without METRICS_PORT there are no metrics', async (t) => {
  const idp = await startIdp(t);
  const config = configFor(idp.url);
  const service = await startService(config, { logger: createLoggerTo(config, collectLog().stream) });
  t.after(() => service.close());
  assert.equal(service.metricsUrl, undefined);
  assert.equal(service.app.metrics, undefined);
});
