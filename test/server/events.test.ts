import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from '../cli/support/program.ts';
import { startTestIdp } from '../support/dev-idp.ts';
import { readEventsRealm } from '../support/events-realm.ts';
import { eventually } from '../support/eventually.ts';
import { buildTestApp, form, PASSWORD, settingsFor } from './service.ts';

test('with KEYCLOAK_EVENTS, a disabled user is refused within two seconds, and the metrics say what is heard', async (t) => {
  const idp = await startTestIdp({ realm: readEventsRealm() });
  t.after(() => idp.close());
  const { app, log } = await buildTestApp(t, idp.url, { KEYCLOAK_EVENTS: 'on', METRICS_PORT: '0' });
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
  await eventually('it is refused', async () => (await status()) === 401);
  assert.ok(performance.now() - begin < 15_000, 'sooner than a token is asked about');
  assert.ok((await metric('total')) >= 1);

  // Readiness does not depend on it.
  idp.updateRealm({ eventsEnabled: false });
  const isLost = () => log.lines().some(({ code }) => code === 'events_lost');
  await eventually('it is told', isLost);
  assert.equal(await metric('heard'), 0);
  assert.equal((await app.inject('/health/ready')).statusCode, 200);
});

test('without it, nothing is asked, and there are no such metrics', async (t) => {
  const idp = await startTestIdp({ realm: readEventsRealm() });
  t.after(() => idp.close());
  const { app } = await buildTestApp(t, idp.url, { METRICS_PORT: '0' });
  assert.doesNotMatch((await app.metrics?.metrics()) ?? '', /^keycloak_guard_events/m);
});

for (const [realm, title] of [
  [readEventsRealm(), 'the realm keeps events'],
  [undefined, 'no event is ever read'],
] as const) {
  test(`started as a process that has nothing else open, the service listens where ${title}`, async (t) => {
    const idp = await startTestIdp(realm && { realm });
    t.after(() => idp.close());
    const program = runProgram(['serve'], settingsFor(idp.url, { KEYCLOAK_EVENTS: 'on' }));
    const [, url = ''] = await program.says(/open (http:\/\/localhost:\d+)\/docs/);
    assert.equal((await fetch(`${url}/health/live`)).status, 200);
    assert.equal(await program.stop(), 0);
  });
}
