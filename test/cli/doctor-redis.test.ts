import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { settingsFor, visitDoctor } from './doctor-visit.ts';

/** A service whose readiness is this. */
async function startService(t: TestContext, status: number, checks: object): Promise<string> {
  const server = createServer(({ url }, response) => {
    const body = url === '/health/live' ? { status: 'alive' } : { status: 'ready', checks };
    response.writeHead(url === '/health/live' ? 200 : status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const GOOD = { keys: { ok: true, detail: 'there' }, keycloak: { ok: true, detail: 'answers' } };
const settings = settingsFor('http://127.0.0.1:9');

for (const [what, status, checks, expected, says] of [
  ['all of it', 200, GOOD, 'ok', /^ready$/],
  ['a lost Redis', 200, { ...GOOD, redis: { ok: false, detail: 'redis_lost' } }, 'warn', /redis: redis_lost/],
  ['no keys', 503, { keys: { ok: false, detail: 'none yet' } }, 'fail', /keys: none yet/],
] as const)
  test(`the readiness of a service is read whole: ${what}`, async (t) => {
    const url = await startService(t, status, checks);
    const results = await visitDoctor({ settings, args: ['--running', url] });
    const ready = results.find(({ id }) => id === 'service.ready');
    assert.equal(ready?.status, expected, JSON.stringify(ready));
    assert.match(`${ready?.cause || ready?.seen}`, says);
  });

for (const [answer, expected, says] of [
  [401, 'ok', /takes the running service/],
  [500, 'fail', /^Restart it if the checks above pass/],
  [503, 'fail', /^Restart it/],
  [404, 'skipped', /an API of your own/],
] as const)
  test(`a service that runs with an older secret is told from one that does not: ${answer}`, async (t) => {
    const args = ['--running', await startService(t, answer, GOOD)];
    const found = (await visitDoctor({ settings, args })).find(({ id }) => id === 'service.client');
    assert.equal(found?.status, expected, JSON.stringify(found));
    assert.match(found?.fix || found?.seen || '', says);
  });

test('a Redis of the settings that does not answer is found, and its password is not shown', async () => {
  const redis = { REDIS_URL: 'redis://replica:its-password@127.0.0.9' };
  const results = await visitDoctor({ settings: { ...settings, ...redis } });
  const found = results.find(({ id }) => id === 'settings.redis');
  assert.equal(found?.status, 'fail', JSON.stringify(found));
  assert.match(`${found?.cause}`, /Redis does not work at 127\.0\.0\.9:6379.*logouts/);
  assert.doesNotMatch(JSON.stringify(results), /its-password/);
  const without = await visitDoctor({ settings });
  assert.equal(without.find(({ id }) => id === 'settings.redis')?.status, 'skipped');
});
