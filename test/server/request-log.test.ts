import assert from 'node:assert/strict';
import { test } from 'node:test';
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
