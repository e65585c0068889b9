import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildTestApp } from './service.ts';

const NOWHERE = 'http://127.0.0.1:9';
const PROBES = ['/health/live', '/health/ready'];

test('a probe, answered or refused, writes no line at the default log level, and every other request writes one', async (t) => {
  const { app, log } = await buildTestApp(t, NOWHERE, { LOG_LEVEL: 'info' });
  const statuses: number[] = [];
  for (const url of [...PROBES, '/', '/health/nope']) statuses.push((await app.inject({ url })).statusCode);
  await app.inject({ method: 'POST', url: '/health/live' });
  assert.deepEqual(statuses, [200, 503, 200, 404]);
  const lines = log.lines().filter(({ msg }) => msg === 'request');
  assert.deepEqual(
    lines.map(({ level, method, route, status }) => [level, method, route, status]),
    [
      ['info', 'GET', '/', 200],
      ['info', 'GET', null, 404],
      ['info', 'POST', null, 405],
    ],
  );
});

test('the line of a request says when it was answered, and after how many milliseconds', async (t) => {
  const { app, log } = await buildTestApp(t, NOWHERE, { LOG_LEVEL: 'info' });
  app.get('/slow', async () => {
    await sleep(30);
    return 'late';
  });
  const began = Date.now();
  await app.inject('/slow');
  const took = Date.now() - began;
  const [{ time, ms, reqId } = {}] = log.lines().filter(({ msg }) => msg === 'request');
  const at = Date.parse(String(time));
  assert.equal(time, new Date(at).toISOString());
  assert.ok(at >= began + 29 && at <= Date.now(), String(time));
  assert.ok(Number(ms) >= 29 && Number(ms) <= took + 2, String(ms));
  assert.match(JSON.stringify(ms), /^\d+(\.\d)?$/);
  assert.match(String(reqId), /^[\da-f]{8}-0$/);
});

test('with LOG_LEVEL=debug a probe writes a line at debug', async (t) => {
  const { app, log } = await buildTestApp(t, NOWHERE, { LOG_LEVEL: 'debug' });
  for (const url of PROBES) await app.inject({ url });
  const lines = log.lines().filter(({ msg }) => msg === 'request');
  assert.deepEqual(
    lines.map(({ level, route, status }) => [level, route, status]),
    [
      ['debug', '/health/live', 200],
      ['debug', '/health/ready', 503],
    ],
  );
});

test('a request that is refused before its route runs writes a line with its route', async (t) => {
  const { app, log } = await buildTestApp(t, NOWHERE, { LOG_LEVEL: 'info' }, { loopbackNamesOnly: true });
  const { statusCode } = await app.inject({ url: '/protected', headers: { host: 'example.com' } });
  const [line] = log.lines().filter(({ msg }) => msg === 'request');
  assert.deepEqual([line?.route, line?.status], ['/protected', statusCode]);
  assert.ok(statusCode >= 400);
});

test('with LOG_LEVEL=warn no request writes a line, and what Fastify warns of does', async (t) => {
  const { app, log } = await buildTestApp(t, NOWHERE, { LOG_LEVEL: 'warn' });
  app.get('/twice', (_request, reply) => {
    reply.send('once');
    reply.send('twice');
  });
  assert.equal((await app.inject('/twice')).payload, 'once');
  assert.deepEqual(
    log.lines().filter(({ msg }) => msg === 'request'),
    [],
  );
  // Lines about Keycloak, which is not there, may come in between.
  const warnings = log.lines().filter(({ err }) => err !== undefined);
  assert.deepEqual(
    warnings.map(({ level, err }) => [level, (err as { code?: string }).code]),
    [['warn', 'FST_ERR_REP_ALREADY_SENT']],
  );
});
