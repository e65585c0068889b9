import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestIdp } from '../support/dev-idp.ts';
import { readEventsRealm } from '../support/events-realm.ts';
import { eventually } from '../support/eventually.ts';
import { buildTestApp, form, PASSWORD } from './service.ts';

test('with KEYCLOAK_EVENTS, a disabled user is refused within two seconds, and the metrics say what is heard', async (t) => {
  const idp = await startTestIdp({ realm: readEventsRealm() });
  t.after(() => idp.close());
  const { app } = await buildTestApp(t, idp.url, { KEYCLOAK_EVENTS: 'on', METRICS_PORT: '0' });
  const metric = async (name: string) => {
    const line = new RegExp(`^keycloak_guard_events_${name} (.*)$`, 'm');
    return Number(line.exec((await app.metrics?.metrics()) ?? '')?.[1]);
  };
  await app.whenKnowing(3_000);
  assert.equal(await metric('heard'), 1);
  assert.ok((await metric('lag_seconds')) < 2);
  const { access_token: token } = (
    await app.inject(form({ username: 'abdullah', password: PASSWORD }))
  ).json();
  const status = async () =>
    (await app.inject({ url: '/protected', headers: { authorization: `Bearer ${token}` } })).statusCode;
  assert.equal(await status(), 200);
  const begin = performance.now();
  idp.disableUser('abdullah');
  await eventually('it is refused', async () => (await status()) === 401, 60_000, 50);
  assert.ok(performance.now() - begin < 15_000, 'sooner than a token is asked about');
  assert.ok((await metric('total')) >= 1);
});

test('where no events are kept it is told, and readiness does not depend on it', async (t) => {
  const idp = await startTestIdp({ realm: { ...readEventsRealm(), eventsEnabled: false } });
  t.after(() => idp.close());
  const { app, log } = await buildTestApp(t, idp.url, { KEYCLOAK_EVENTS: 'on', METRICS_PORT: '0' });
  await app.ready();
  await eventually('it is told', () => log.text().includes('"events_lost"'));
  assert.match((await app.metrics?.metrics()) ?? '', /^keycloak_guard_events_heard 0$/m);
  await eventually('it is ready', async () => (await app.inject('/health/ready')).statusCode === 200);
});

test('without it, nothing is asked, and there are no such metrics', async (t) => {
  const idp = await startTestIdp({ realm: readEventsRealm() });
  t.after(() => idp.close());
  const { app } = await buildTestApp(t, idp.url, { METRICS_PORT: '0' });
  assert.doesNotMatch((await app.metrics?.metrics()) ?? '', /^keycloak_guard_events/m);
});
