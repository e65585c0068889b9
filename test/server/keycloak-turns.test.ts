import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { ClientError, createClient, type KeycloakClient } from '../../packages/guard/src/client/index.ts';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { clientOptionsOf } from '../../packages/server/src/config/config.ts';
import { createCallTurns } from '../../packages/server/src/limits/keycloak-turns.ts';
import { eventually } from '../support/eventually.ts';
import { buildTestApp, configFor, form, JSON_HEADERS, PASSWORD, startIdp } from './service.ts';

const refused = new ClientError({ id: 'x', kind: 'invalid_credentials', cause: 'x', fix: 'x' });

/** An app whose calls to Keycloak end when the test says so, all with a refusal. */
async function setUp(t: TestContext, settings: Record<string, string> = {}) {
  const idp = await startIdp(t);
  const calls = { running: 0, most: 0, begun: [] as string[] };
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  async function call(what: unknown): Promise<never> {
    calls.begun.push(String(what));
    calls.most = Math.max(calls.most, ++calls.running);
    await gate;
    calls.running--;
    throw refused;
  }
  const client: KeycloakClient = {
    ...createClient(clientOptionsOf(configFor(idp.url))),
    refresh: call,
    logout: call,
    exchangeCode: ({ code }) => call(code),
    finishAuthorization: ({ callbackUrl }) => call(new URL(callbackUrl).searchParams.get('code')),
  };
  const { app, log } = await buildTestApp(
    t,
    idp.url,
    { PUBLIC_URL: 'http://x', METRICS_PORT: '0', ...settings },
    { client },
  );
  const waiting = async () =>
    Number(/^keycloak_guard_calls_waiting (\d+)$/m.exec((await app.metrics?.metrics()) ?? '')?.[1]);
  return { app, log, calls, go, waiting };
}

type Make = (app: FastifyInstance, name: string) => Promise<InjectOptions>;

/** Each way to make this service call Keycloak without being known to it. */
const ROUTES: readonly (readonly [string, Make])[] = [
  [
    'POST /refresh',
    async (_, name) => ({ method: 'POST', url: '/refresh', payload: { refresh_token: name } }),
  ],
  ['POST /logout', async (_, name) => ({ method: 'POST', url: '/logout', payload: { refresh_token: name } })],
  [
    'POST /docs/oauth2/token',
    async (_, code) => ({
      method: 'POST',
      url: '/docs/oauth2/token',
      payload: {
        ...{ grant_type: 'authorization_code', code, code_verifier: 'x' },
        redirect_uri: 'http://x/docs/static/oauth2-redirect.html',
      },
    }),
  ],
  [
    'GET /auth/callback',
    async (app, code) => {
      const started = await app.inject({ url: '/auth/login', headers: { host: 'x' } });
      const state = new URL(String(started.headers.location)).searchParams.get('state');
      const cookie = [started.headers['set-cookie'] ?? []].flat().map((one) => one.split(';', 1)[0]);
      return {
        url: `/auth/callback?state=${state}&code=${code}`,
        headers: { host: 'x', cookie: cookie.join('; ') },
      };
    },
  ],
];

for (const [route, make] of ROUTES) {
  test(`no more calls run at Keycloak than allowed, however many come: ${route}`, async (t) => {
    const settings = { CALLS_MAX_IN_FLIGHT: '2', LOGIN_MAX_WAITING: '3' };
    const { app, log, calls, go } = await setUp(t, settings);
    const requests = await Promise.all(Array.from({ length: 6 }, (_, i) => make(app, `n${i}`)));
    const answers = requests.slice(0, 5).map((request) => app.inject(request).then((answer) => answer));
    await eventually('two are at Keycloak', () => calls.running === 2);
    // The five are on their way before this one.
    const tooMany = await app.inject(requests[5]!);
    assert.equal(tooMany.statusCode, 503);
    assert.equal(tooMany.body, '{"detail":"Identity provider unavailable"}');
    assert.equal(tooMany.headers['retry-after'], '5');
    const audit = log.lines().filter(({ name }) => name === 'audit');
    assert.deepEqual(
      audit.map(({ outcome }) => outcome),
      ['queue_full'],
    );
    go();
    const statuses = (await Promise.all(answers)).map(({ statusCode }) => statusCode);
    assert.equal(new Set(statuses).size, 1);
    assert.ok(statuses[0]! >= 400 && statuses[0]! < 500, String(statuses[0]));
    assert.deepEqual([calls.begun.length, calls.most], [5, 2]);
    assert.equal(log.lines().filter(({ name }) => name === 'audit').length, 6, 'an event for each');
  });

  test(`more than allowed from one address is 429, from another address it is not: ${route}`, async (t) => {
    const { app, log, calls, go } = await setUp(t, { CALLS_PER_MINUTE_AND_ADDRESS: '1' });
    go();
    const [one, two, three] = [await make(app, 'n1'), await make(app, 'n2'), await make(app, 'n3')];
    const first = await app.inject({ ...one, remoteAddress: '2001:db8:1:1::1' });
    assert.notEqual(first.statusCode, 429);
    const refusedOne = await app.inject({ ...two, remoteAddress: '2001:db8:1:ff01::1' });
    assert.equal(refusedOne.statusCode, 429);
    assert.equal(refusedOne.body, '{"detail":"Too Many Requests"}');
    for (const [name, value] of Object.entries(JSON_HEADERS)) assert.equal(refusedOne.headers[name], value);
    assert.match(String(refusedOne.headers['retry-after']), /^([1-9]|[1-5]\d|60)$/);
    assert.equal(refusedOne.headers['ratelimit-limit'], '1');
    assert.equal(log.lines().filter(({ outcome }) => outcome === 'rate_limited').length, 1);
    assert.deepEqual(calls.begun, ['n1'], 'Keycloak is not asked');
    await app.inject({ ...three, remoteAddress: '2001:db8:2:1::1' });
    assert.deepEqual(calls.begun, ['n1', 'n3']);
  });
}

test('all these routes count together, and logins count apart', async (t) => {
  const { app, go } = await setUp(t, { CALLS_PER_MINUTE_AND_ADDRESS: '2' });
  go();
  const statuses: number[] = [];
  for (const [, make] of ROUTES.slice(0, 3)) {
    statuses.push((await app.inject(await make(app, 'n'))).statusCode);
  }
  assert.deepEqual(statuses, [401, 401, 429]);
  const login = await app.inject(form({ username: 'abdullah', password: PASSWORD }));
  assert.equal(login.statusCode, 200);
});

test('whoever sends what Keycloak refuses waits behind who does not, with browsers too', async (t) => {
  const { app, calls, go, waiting } = await setUp(t, { CALLS_MAX_IN_FLIGHT: '1' });
  const [, make] = ROUTES[3]!;
  const bad = (await Promise.all(['b1', 'b2', 'b3'].map((code) => make(app, code)))).map((request) =>
    app.inject({ ...request, remoteAddress: '192.0.2.1' }).then(({ statusCode }) => statusCode),
  );
  await eventually('two wait', async () => (await waiting()) === 2);
  const [, refresh] = ROUTES[0]!;
  const good = app
    .inject({ ...(await refresh(app, 'good')), remoteAddress: '198.51.100.1' })
    .then(({ statusCode }) => statusCode);
  await eventually('three wait', async () => (await waiting()) === 3);
  go();
  assert.deepEqual(await Promise.all([...bad, good]), [400, 400, 400, 401]);
  assert.deepEqual(calls.begun, ['b1', 'good', 'b2', 'b3']);
});

test('a call failed by what its sender sent, where Keycloak refuses that or the answer is a 4xx: who sent it waits behind others', async () => {
  const failureOf = (kind: ClientError['kind']) => new ClientError({ id: 'x', kind, cause: 'x', fix: 'x' });
  const [suspect, other] = ['192.0.2.1', '198.51.100.1'];
  for (const [outcome, isFailure] of [
    ...[200, 303, 399, 500, 503].map((statusCode) => [{ statusCode }, false] as const),
    ...[400, 401, 499].map((statusCode) => [{ statusCode }, true] as const),
    [failureOf('invalid_credentials'), true],
    [failureOf('account_disabled'), false],
    [failureOf('provider_unavailable'), false],
    [new AuthError('refresh_token_invalid', 'x'), true],
    [new AuthError('provider_misconfigured', 'x'), false],
    [new Error('x'), false],
  ] as const) {
    const turns = createCallTurns({ callsMaxInFlight: 1, loginMaxWaiting: 2, loginWaitMs: 60_000 });
    const call = async () => (outcome instanceof Error ? Promise.reject(outcome) : outcome);
    await turns.run(call, suspect).catch(() => {});
    const begun: string[] = [];
    const all = [suspect, suspect, other].map((from) => turns.run(async () => begun.push(from), from));
    await Promise.all(all);
    const expected = isFailure ? [suspect, other, suspect] : [suspect, suspect, other];
    assert.deepEqual(begun, expected, JSON.stringify(outcome));
  }
});

test('who hangs up while waiting is not asked about, and while Keycloak is asked gives no place free', async (t) => {
  const { app, log, calls, go, waiting } = await setUp(t, { CALLS_MAX_IN_FLIGHT: '1' });
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/refresh`;
  const refresh = (refresh_token: string, signal: AbortSignal) =>
    fetch(url, { method: 'POST', body: new URLSearchParams({ refresh_token }), signal }).catch(() => 'gone');
  const caller = new AbortController();
  const answers = ['n0', 'n1', 'n2'].map((name) => refresh(name, caller.signal));
  await eventually('two wait', async () => (await waiting()) === 2);
  caller.abort();
  await Promise.all(answers);
  const cancelled = () => log.lines().filter(({ outcome }) => outcome === 'cancelled').length;
  await eventually('those who waited are known to be gone', () => cancelled() === 2);
  const last = refresh('last', AbortSignal.timeout(60_000));
  await eventually('the last waits', async () => (await waiting()) === 1);
  assert.equal(calls.begun.length, 1, 'the place is taken');
  go();
  assert.equal(((await last) as Response).status, 401);
  assert.deepEqual([calls.begun.length, calls.most], [2, 1]);
});
