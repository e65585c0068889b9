import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import {
  AuthorizationError,
  ClientError,
  type ClientErrorKind,
} from '../../packages/guard/src/client/index.ts';
import { createBreaker, isAway, probeOf } from '../../packages/server/src/services/breaker.ts';

const fails = (id: string, kind: ClientErrorKind = 'provider_unavailable') => {
  const error = new ClientError({ id, kind, cause: id, fix: id });
  return () => Promise.reject(error);
};

function setUp() {
  let now = 0;
  let isThere = false;
  let probes = 0;
  const changes: boolean[] = [];
  const breaker = createBreaker({
    now: () => now,
    probe: async () => {
      probes++;
      return isThere;
    },
    onOutcome: (error) => {
      const isOpen = error?.diagnosis.id === 'not-answering';
      if (isOpen !== (changes.at(-1) ?? false)) changes.push(isOpen);
    },
  });
  const run = (call: () => Promise<unknown>) => breaker.run(call).catch(({ diagnosis }) => diagnosis.id);
  return {
    breaker,
    changes,
    run,
    probes: () => probes,
    advance: (ms: number) => {
      now += ms;
    },
    comeBack: () => {
      isThere = true;
    },
  };
}

test('after three calls in a row that timed out, calls fail at once', async () => {
  const { breaker, run, changes } = setUp();
  for (let i = 0; i < 3; i++) {
    assert.equal(breaker.isOpen, false);
    assert.equal(await run(fails('timed-out')), 'timed-out');
  }
  assert.equal(breaker.isOpen, true);
  let isCalled = false;
  assert.equal(await run(async () => (isCalled = true)), 'not-answering');
  assert.equal(isCalled, false);
  assert.deepEqual(changes, [true]);
});

test('what is answered, refused or reset never opens it: no user can bring it about', async () => {
  const { breaker, run } = setUp();
  for (let i = 0; i < 20; i++) {
    await run(fails('timed-out'));
    await run(fails('timed-out'));
    await run(fails('wrong-password', 'invalid_credentials'));
    for (const id of ['provider-error', 'connection-broken', 'unreachable-refused']) await run(fails(id));
  }
  assert.equal(breaker.isOpen, false);
});

test('what fails before Keycloak is asked is no answer: nobody can keep it shut with callbacks that are made up', async () => {
  const { breaker, run } = setUp();
  for (let i = 0; i < 3; i++) {
    const madeUp = () => Promise.reject(new AuthorizationError('invalid_response', undefined));
    await assert.rejects(breaker.run(madeUp), AuthorizationError);
    await run(fails('timed-out'));
  }
  assert.equal(breaker.isOpen, true);
});

test('one request a second asks whether Keycloak is back; when it is, all go on', async () => {
  const { breaker, run, changes, probes, advance, comeBack } = setUp();
  for (let i = 0; i < 3; i++) await run(fails('timed-out'));
  advance(999);
  assert.equal(await run(async () => 'answer'), 'not-answering');
  assert.equal(probes(), 0);
  advance(1);
  const answers = await Promise.all(Array.from({ length: 10 }, () => run(async () => 'answer')));
  assert.deepEqual(new Set(answers), new Set(['not-answering']));
  assert.equal(probes(), 1);
  advance(999);
  assert.equal(await run(async () => 'answer'), 'not-answering');
  assert.equal(probes(), 1);
  advance(1);
  comeBack();
  let finish = (_: string): void => {};
  const first = run(() => new Promise((resolve) => (finish = resolve)));
  await new Promise(setImmediate);
  assert.equal(await run(async () => 'beside it'), 'beside it');
  finish('answer');
  assert.equal(await first, 'answer');
  assert.equal(await run(async () => 'answer'), 'answer');
  assert.equal(breaker.isOpen, false);
  assert.equal(probes(), 2);
  assert.deepEqual(changes, [true, false]);
});

test('that Keycloak answers the probe alone does not make the client accepted: the call that follows at once says it', async () => {
  const outcomes: unknown[] = [];
  let now = 0;
  const breaker = createBreaker({
    now: () => now,
    probe: async () => true,
    onOutcome: (error) => outcomes.push(error?.diagnosis.id),
  });
  for (let i = 0; i < 3; i++) await breaker.run(fails('timed-out')).catch(() => {});
  now = 1_000;
  await breaker.run(fails('wrong-secret', 'client_misconfigured')).catch(() => {});
  assert.deepEqual(outcomes, ['not-answering', 'wrong-secret']);
});

test('the probe takes any answer, follows no redirect, and a server that hangs or is not there for none', async (t) => {
  let seen: unknown[] = [];
  const server = createServer(({ method, url }, response) => {
    seen.push([method, url]);
    if (url === '/hangs') return;
    response.writeHead(Number(url?.slice(1)), { location: '/elsewhere' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const status of [200, 302, 404, 503]) {
    seen = [];
    assert.equal(await probeOf(`${base}/${status}`, 10_000)(), true, String(status));
    assert.deepEqual(seen, [['HEAD', `/${status}`]]);
  }
  assert.equal(await probeOf(`${base}/hangs`, 50)(), false);
  assert.equal(await probeOf('http://127.0.0.1:9/', 10_000)(), false);
});

test('Keycloak is away where nobody answers, or a proxy says so; its own refusals, and ours, are something else', () => {
  for (const [answerStatus, id, kind, expected] of [
    [0, 'unreachable-refused', 'provider_unavailable', true],
    [502, 'provider-error', 'provider_unavailable', true],
    [503, 'provider-error', 'provider_unavailable', true],
    [500, 'provider-error', 'provider_unavailable', false],
    [0, 'credential-unusable', 'provider_unavailable', false],
    [503, 'wrong-secret', 'client_misconfigured', false],
    [401, 'wrong-password', 'invalid_credentials', false],
  ] as const) {
    const error = new ClientError({ id, kind, cause: id, fix: id }, answerStatus);
    assert.equal(isAway(error), expected, `${answerStatus} ${id}`);
  }
});
