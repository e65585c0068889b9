import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient, type KeycloakClient } from '../../packages/guard/src/client/index.ts';
import { clientOptionsOf } from '../../packages/server/src/config/config.ts';
import { createPasswordQueue } from '../../packages/server/src/services/auth-service.ts';
import { eventually } from '../support/eventually.ts';
import { openRawClient } from '../support/raw-client.ts';
import { buildTestApp, configFor, form, PASSWORD, startIdp } from './service.ts';

const RIGHT = { username: 'abdullah', password: PASSWORD };
const from = (remoteAddress: string, fields: Record<string, string> = RIGHT) => ({
  ...form(fields),
  remoteAddress,
});

test('more logins than allowed from one address are 429, from another address they are not', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url, { LOGINS_PER_MINUTE_AND_ADDRESS: '2' });
  const first = await app.inject(from('192.0.2.1'));
  assert.equal(first.statusCode, 200);
  await app.inject(from('192.0.2.1', { username: 'nobody', password: 'x' }));
  idp.resetRequests();
  const refused = await app.inject(from('192.0.2.1', { username: 'sara', password: PASSWORD }));
  assert.equal(refused.statusCode, 429);
  assert.equal(refused.body, '{"detail":"Too many login attempts"}');
  assert.equal(refused.headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(refused.headers['ratelimit-limit'], '2');
  assert.equal(refused.headers['ratelimit-remaining'], '0');
  const seconds = Number(refused.headers['retry-after']);
  assert.ok(seconds >= 1 && seconds <= 60, `retry-after: ${seconds}`);
  assert.equal(refused.headers['ratelimit-reset'], String(seconds));
  assert.equal(idp.requests.token ?? 0, 0, 'Keycloak is not asked');
  assert.equal((await app.inject(from('192.0.2.2'))).statusCode, 200);
});

for (const limit of ['LOGINS_PER_MINUTE_AND_ADDRESS', 'LOGINS_PER_MINUTE_AND_USER']) {
  test(`addresses that have enough bits in common count together: ${limit}`, async (t) => {
    const idp = await startIdp(t);
    const { app } = await buildTestApp(t, idp.url, { [limit]: '1' });
    for (const [bits, addresses, other] of [
      [64, ['2001:db8:1:201::1', '2001:db8:1:201:ffff::9'], '2001:db8:2:201::1'],
      [56, ['2001:db8:3:201::1', '2001:db8:3:2ff::1'], '2001:db8:4:201::1'],
      [48, ['2001:db8:5:201::1', '2001:db8:5:9901::1'], '2001:db8:6:201::1'],
      [32, ['192.0.2.1', '::ffff:c000:201'], '192.0.2.2'],
    ] as const) {
      assert.equal((await app.inject(from(addresses[0]))).statusCode, 200, `${bits}`);
      const refused = await app.inject(from(addresses[1]));
      assert.equal(refused.statusCode, 429, `${bits}`);
      assert.equal(refused.body, '{"detail":"Too many login attempts"}');
      assert.equal(refused.headers['ratelimit-remaining'], '0');
      assert.equal((await app.inject(from(other))).statusCode, 200, `${bits}`);
    }
  });
}

test('of the networks an address is in, the one with the most logins is told of', async (t) => {
  const idp = await startIdp(t);
  const settings = { LOGINS_PER_MINUTE_AND_ADDRESS: '10', LOGINS_PER_MINUTE_AND_USER: '0' };
  const { app } = await buildTestApp(t, idp.url, settings);
  const remaining: unknown[] = [];
  for (const address of ['2001:db8:1:201::1', '2001:db8:1:9901::1', '2001:db8:1:9902::1', '2001:db8:2::1']) {
    remaining.push((await app.inject(from(address))).headers['ratelimit-remaining']);
  }
  assert.deepEqual(remaining, ['9', '8', '7', '9']);
});

test('whoever guesses from 65,536 networks of 64 bits has one limit, and people elsewhere log in', async (t) => {
  const idp = await startIdp(t);
  idp.updateRealm({ bruteForceProtected: false });
  const settings = { LOGINS_PER_MINUTE_AND_ADDRESS: '40', LOGINS_PER_MINUTE_AND_USER: '20' };
  const { app } = await buildTestApp(t, idp.url, settings);
  const statuses: number[] = [];
  const people: number[] = [];
  for (let i = 0; i < 60; i++) {
    const guess = { username: i < 40 ? 'abdullah' : `user-${i}`, password: 'guess' };
    const network = ((i * 7919) & 0xffff).toString(16);
    statuses.push((await app.inject(from(`2001:db8:1:${network}::1`, guess))).statusCode);
    if (i % 10 === 5) people.push((await app.inject(from(`2001:db8:${i}:1::1`))).statusCode);
  }
  const count = (status: number) => statuses.filter((one) => one === status).length;
  assert.deepEqual({ 401: count(401), 429: count(429) }, { 401: 20, 429: 40 });
  assert.deepEqual(people, Array(6).fill(200));
});

test('behind a gateway that adds the port of each connection one address stays one, for Keycloak and the log too', async (t) => {
  const idp = await startIdp(t);
  for (const [limit, max] of [
    ['LOGINS_PER_MINUTE_AND_ADDRESS', '1'],
    ['LOGINS_PER_MINUTE_AND_USER', '1'],
  ] as const) {
    for (const [first, second, other, address] of [
      ['192.0.2.1:50001', '192.0.2.1:50002', '192.0.2.2:50001', '192.0.2.1'],
      ['[2001:db8:1:2::1]:50001', '[2001:db8:1:2::9]:50002', '[2001:db8:2:3::1]:50001', '2001:db8:1:2::1'],
    ] as const) {
      const asked: string[] = [];
      const real = createClient(clientOptionsOf(configFor(idp.url)));
      const client: KeycloakClient = {
        ...real,
        async passwordGrant(request) {
          asked.push(String(request.clientIp));
          return real.passwordGrant(request);
        },
      };
      const settings = { TRUST_PROXY: 'loopback', [limit]: max };
      const { app, log } = await buildTestApp(t, idp.url, settings, { client });
      const through = (forwarded: string) => {
        const login = form(RIGHT);
        return app.inject({ ...login, headers: { ...login.headers, 'x-forwarded-for': forwarded } });
      };
      assert.equal((await through(first)).statusCode, 200, limit);
      assert.equal((await through(second)).statusCode, 429, `${limit} ${second}`);
      assert.equal((await through(other)).statusCode, 200);
      assert.equal(asked[0], address);
      assert.equal(log.lines().find(({ name }) => name === 'audit')?.address, address);
    }
  }
});

test('guessing one user name locks out neither that user elsewhere nor others', async (t) => {
  const idp = await startIdp(t);
  const { app } = await buildTestApp(t, idp.url, { LOGINS_PER_MINUTE_AND_USER: '3' });
  const guess = { username: 'Abdullah', password: 'guess' };
  for (let i = 0; i < 3; i++) assert.equal((await app.inject(from('192.0.2.1', guess))).statusCode, 401);
  const refused = await app.inject(from('192.0.2.1', guess));
  assert.equal(refused.statusCode, 429);
  assert.equal(refused.headers['ratelimit-limit'], '3');
  assert.equal((await app.inject(from('192.0.2.1'))).statusCode, 429, 'in whatever case it is written');
  assert.equal((await app.inject(from('192.0.2.1', { username: 'sara', password: 'x' }))).statusCode, 401);
  idp.updateRealm({ bruteForceProtected: false });
  assert.equal((await app.inject(from('192.0.2.7'))).statusCode, 200);
});

test('no more password checks run at Keycloak than allowed; the rest waits, and more is 503', async (t) => {
  const idp = await startIdp(t);
  let running = 0;
  let most = 0;
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const real = createClient(clientOptionsOf(configFor(idp.url)));
  const client: KeycloakClient = {
    ...real,
    async passwordGrant(request) {
      most = Math.max(most, ++running);
      await gate;
      running--;
      return real.passwordGrant(request);
    },
  };
  const settings = { LOGIN_MAX_IN_FLIGHT: '2', LOGIN_MAX_WAITING: '3' };
  const { app, log } = await buildTestApp(t, idp.url, settings, { client });
  const logins = Array.from({ length: 5 }, () => app.inject(form(RIGHT)).then((answer) => answer));
  while (running < 2) await new Promise((resolve) => setImmediate(resolve));
  // The five are on their way before this one.
  const tooMany = await app.inject(form(RIGHT));
  assert.equal(tooMany.statusCode, 503);
  assert.equal(tooMany.body, '{"detail":"Identity provider unavailable"}');
  assert.equal(tooMany.headers['retry-after'], '5');
  assert.ok(log.lines().some(({ id }) => id === 'too-many-logins'));
  go();
  const statuses = (await Promise.all(logins)).map(({ statusCode }) => statusCode);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200]);
  assert.equal(most, 2);
});

test('whoever hangs up while waiting, with one request or several, costs Keycloak no password check', async (t) => {
  const idp = await startIdp(t);
  const real = createClient(clientOptionsOf(configFor(idp.url)));
  const asked: string[] = [];
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const client: KeycloakClient = {
    ...real,
    async passwordGrant(request) {
      asked.push(request.username);
      await gate;
      return real.passwordGrant(request);
    },
  };
  const settings = { LOGIN_MAX_IN_FLIGHT: '1', METRICS_PORT: '0' };
  const { app, log } = await buildTestApp(t, idp.url, settings, { client });
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/login`;
  const login = (username: string, signal?: AbortSignal) =>
    fetch(url, {
      ...{ method: 'POST', headers: { connection: 'close' }, signal: signal ?? null },
      body: new URLSearchParams({ ...RIGHT, username }),
    });
  const first = login('abdullah');
  await eventually('the first is at Keycloak', () => asked.length === 1);
  const caller = new AbortController();
  const second = login('sara', caller.signal).catch(() => 'hung up');
  // Two in a row on one connection: both wait for their turn.
  const several = await openRawClient(url);
  const body = 'username=sara&password=x';
  const head = `POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}`;
  const type = 'Content-Type: application/x-www-form-urlencoded';
  several.socket.write(`${head}\r\n${type}\r\n\r\n${body}`.repeat(2));
  await eventually('three wait', async () =>
    /^keycloak_guard_logins_waiting 3$/m.test((await app.metrics?.metrics()) ?? ''),
  );
  caller.abort();
  several.socket.destroy();
  assert.equal(await second, 'hung up');
  const cancelled = () => log.lines().filter(({ outcome }) => outcome === 'cancelled').length;
  await eventually('all three are known to be gone', () => cancelled() === 3);
  go();
  assert.equal((await first).status, 200);
  assert.deepEqual(asked, ['abdullah']);
});

test('a password check whose turn does not come in time is given up, and never runs', async () => {
  const queue = createPasswordQueue({ maxInFlight: 1, maxWaiting: 10, maxWaitMs: 20 });
  let go = (): void => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const first = queue.run(() => gate.then(() => 'first'), '192.0.2.1');
  await Promise.resolve();
  let hasRun = false;
  const second = queue.run(async () => {
    hasRun = true;
  }, '192.0.2.1');
  assert.equal(queue.waiting, 1);
  await assert.rejects(second, { name: 'ClientError', kind: 'provider_unavailable' });
  go();
  assert.equal(await first, 'first');
  assert.equal(await queue.run(async () => 'third', '192.0.2.1'), 'third');
  assert.equal(hasRun, false);
});

test('with 0 there is no limit, and no header', async (t) => {
  const idp = await startIdp(t);
  const settings = { LOGINS_PER_MINUTE_AND_ADDRESS: '0', LOGINS_PER_MINUTE_AND_USER: '0' };
  const { app } = await buildTestApp(t, idp.url, settings);
  const answer = await app.inject(form(RIGHT));
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['ratelimit-limit'], undefined);
});
