import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ClientError } from '../../packages/guard/src/client/index.ts';
import { createPasswordQueue } from '../../packages/server/src/services/auth-service.ts';
import { createFailedLogins } from '../../packages/server/src/services/turns.ts';

const wrong = new ClientError({ id: 'wrong-password', kind: 'invalid_credentials', cause: 'x', fix: 'x' });

/** A queue whose checks end when the test says so, in the order in which they began. */
function setUp({ maxInFlight = 1, maxWaiting = 10 } = {}) {
  let now = 0;
  const failedLogins = createFailedLogins(() => now);
  const queue = createPasswordQueue({ maxInFlight, maxWaiting, maxWaitMs: 60_000, failedLogins });
  const begun: string[] = [];
  const running: (() => void)[] = [];
  const refused: string[] = [];
  const login = (name: string, address: string): Promise<void> =>
    queue
      .run(() => {
        begun.push(name);
        return new Promise<void>((resolve) => running.push(resolve));
      }, address)
      .catch(() => void refused.push(name));
  return {
    queue,
    begun,
    refused,
    login,
    failedLogins,
    advance: (ms: number) => {
      now += ms;
    },
    async finishAll() {
      while (running.length > 0) {
        running.shift()?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

test('networks take turns: many logins of one do not keep the others waiting', async () => {
  const { begun, login, finishAll } = setUp();
  for (let i = 0; i < 4; i++) void login(`a${i}`, '192.0.2.1');
  void login('b', '192.0.2.2');
  void login('c', '2001:db8:1:2::1');
  void login('c2', '2001:db8:1:3::2');
  await finishAll();
  assert.deepEqual(begun, ['a0', 'a1', 'b', 'c', 'a2', 'c2', 'a3']);
});

test('who failed of late waits behind who did not, until that is forgotten', async () => {
  const { begun, login, finishAll, failedLogins, advance, queue } = setUp();
  await assert.rejects(
    queue.run(() => Promise.reject(wrong), '192.0.2.1'),
    wrong,
  );
  assert.equal(failedLogins.of('192.0.2.1'), 1);
  void login('first', '192.0.2.9');
  void login('typo', '192.0.2.1');
  void login('clean', '192.0.2.2');
  await finishAll();
  assert.deepEqual(begun, ['first', 'clean', 'typo']);
  advance(61_000);
  assert.equal(failedLogins.of('192.0.2.1'), 0);
});

test('an outage is no failure of the user', async () => {
  const { failedLogins, queue } = setUp();
  const outage = new ClientError({ id: 'x', kind: 'provider_unavailable', cause: 'x', fix: 'x' });
  await assert.rejects(queue.run(() => Promise.reject(outage), '192.0.2.1'));
  assert.equal(failedLogins.of('192.0.2.1'), 0);
});

test('in a full queue the newest guess makes room for who comes without failures', async () => {
  const { refused, begun, login, finishAll, failedLogins, queue } = setUp({ maxWaiting: 2 });
  failedLogins.add('192.0.2.1');
  void login('first', '192.0.2.9');
  void login('guess 1', '192.0.2.1');
  void login('guess 2', '192.0.2.1');
  void login('guess 3', '192.0.2.1');
  void login('good', '192.0.2.2');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(refused, ['guess 3', 'guess 2']);
  assert.equal(queue.waiting, 2);
  await finishAll();
  assert.deepEqual(begun, ['first', 'good', 'guess 1']);
  assert.deepEqual([queue.waiting, queue.inFlight], [0, 0]);
});

test('among networks without failures the one with most logins waiting makes room', async () => {
  const { refused, login, finishAll } = setUp({ maxWaiting: 3 });
  void login('first', '192.0.2.9');
  for (const name of ['a1', 'a2', 'a3']) void login(name, '192.0.2.1');
  void login('b', '192.0.2.2');
  void login('a4', '192.0.2.1');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(refused, ['a3', 'a4']);
  await finishAll();
});

test('where two networks would have as many logins waiting, the newest login is refused', async () => {
  const { refused, login, finishAll } = setUp({ maxWaiting: 3 });
  void login('first', '192.0.2.9');
  void login('a1', '192.0.2.1');
  for (const name of ['b1', 'b2']) void login(name, '192.0.2.2');
  void login('a2', '192.0.2.1');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(refused, ['a2']);
  await finishAll();
});

test('who hangs up leaves the queue, and Keycloak is not asked', async () => {
  const { begun, login, finishAll, queue } = setUp();
  const connection = new Socket();
  void login('first', '192.0.2.9');
  const check = async (): Promise<void> => void begun.push('gone');
  const waiting = queue.run(check, '192.0.2.1', connection);
  void login('next', '192.0.2.2');
  assert.equal(queue.waiting, 2);
  connection.destroy();
  await assert.rejects(waiting, /hung up/);
  assert.equal(connection.listenerCount('close'), 0);
  assert.equal(queue.waiting, 1);
  await assert.rejects(queue.run(check, '192.0.2.1', connection), ClientError);
  await finishAll();
  assert.deepEqual(begun, ['first', 'next']);
});

test('networks where passwords are guessed have at most half of what may run', async () => {
  const { begun, login, finishAll, failedLogins, queue } = setUp({ maxInFlight: 4 });
  for (let i = 0; i < 5; i++) failedLogins.add('192.0.2.1');
  for (let i = 0; i < 3; i++) void login(`guess ${i}`, '192.0.2.1');
  assert.equal(queue.inFlight, 2);
  void login('good', '192.0.2.2');
  assert.deepEqual(begun, ['guess 0', 'guess 1', 'good'], 'who comes without failures starts at once');
  await finishAll();
  assert.equal(begun.length, 4);
});

const PEOPLE = 8;

/** 1,000 guesses a second from `attackers`, a person each half second, Keycloak with 16 checks of 100 ms each. */
async function simulate(t: TestContext, attackers: (i: number) => string) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  const queue = createPasswordQueue({
    ...{ maxInFlight: 16, maxWaiting: 200, maxWaitMs: 10_000 },
    failedLogins: createFailedLogins(() => now),
  });
  const came = { people: 0, in: 0 };
  const check = (isRight: boolean) => () =>
    new Promise<void>((resolve, reject) =>
      setTimeout(() => (isRight ? resolve() : reject(wrong)), 90 + ((now * 37) % 21)),
    );
  // The last of them waits for its turn at most as long as 200 checks take.
  for (const end = PEOPLE * 487 + 2_000; now < end; now++) {
    t.mock.timers.tick(1);
    void queue.run(check(false), attackers(now)).catch(() => {});
    if (now % 487 === 211 && came.people < PEOPLE) {
      const i = came.people++;
      queue.run(check(true), i % 2 === 0 ? `198.51.${i}.7` : `2001:db9:${i}::7`).then(
        () => came.in++,
        () => {},
      );
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return came;
}

const hex = (i: number): string => (i & 0xffff).toString(16);

for (const [of, attackers] of [
  ['48 bits of IPv6, each guess from another network of 64', (i: number) => `2001:db8:1:${hex(i)}::1`],
  [
    '40 bits of IPv6, each guess from another network of 64',
    (i: number) => `2001:db8:${hex(i & 0xff)}:${hex(i)}::1`,
  ],
  ['32 bits of IPv6, each guess from another network of 48', (i: number) => `2001:db8:${hex(i)}::1`],
  ['24 bits of IPv4, each guess from the next address', (i: number) => `203.0.113.${i % 256}`],
] as const) {
  test(`people log in while passwords are guessed from ${of}`, async (t) => {
    assert.deepEqual(await simulate(t, attackers), { people: PEOPLE, in: PEOPLE });
  });
}
