import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { inspect } from 'node:util';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import { openRedis } from '../../packages/guard/src/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';

const SECRET = 'hunter2secret';
const BAD_URLS = [
  undefined,
  '',
  'localhost:6379',
  `redis://user:${SECRET}@host:port`,
  `redis://:${SECRET}@[host`,
  `http://user:${SECRET}@127.0.0.1`,
  `redis://user:${SECRET}%@127.0.0.1`,
  `redis://user:${SECRET}@127.0.0.1/first`,
];
for (const url of BAD_URLS) {
  test(`a URL that is none of Redis is refused at once, and the refusal does not repeat it: ${url}`, () => {
    assert.throws(
      () => openRedis({ url: url as string }),
      (error) => {
        assert.ok(error instanceof OptionsError, String(error));
        assert.deepEqual(
          error.problems.map(({ option }) => option),
          ['url'],
        );
        assert.ok(!inspect(error, { showHidden: true, depth: 5 }).includes(SECRET));
        return true;
      },
    );
  });
}

test('an outage is told once, however many connections belong together, and is over when all are back', async (t) => {
  const redis = await startRedis(t);
  const codes: string[] = [];
  const first = openRedis({ url: redis.url, timeoutMs: 10_000, onNotice: ({ code }) => codes.push(code) });
  const all = [first, first.duplicate(), first.duplicate()];
  t.after(() => {
    for (const one of all) one.close();
  });
  const areAll = (isReady: boolean) => () => all.every((one) => one.isReady === isReady);
  for (const round of [1, 2]) {
    await eventually('all are there', areAll(true));
    await redis.kill();
    await eventually('all are lost', areAll(false));
    await redis.start();
    await eventually('all are back', areAll(true));
    assert.deepEqual(codes, Array(round).fill(['redis_lost', 'redis_back']).flat());
  }
});

test('a process that stood still for longer than the limit still takes the answer that has come meanwhile', async (t) => {
  const redis = await startRedis(t);
  const codes: string[] = [];
  const connection = openRedis({ url: redis.url, timeoutMs: 200, onNotice: ({ code }) => codes.push(code) });
  t.after(() => connection.close());
  await eventually('it is there', () => connection.isReady);
  const answers = Array.from({ length: 100 }, () => connection.run((client) => client.get('absent')));
  const end = performance.now() + 300;
  while (performance.now() < end) {}
  assert.deepEqual(new Set(await Promise.all(answers)), new Set([null]));
  assert.deepEqual(codes, []);
});

test('a process that stands still while it starts takes no Redis that answers for lost', async (t) => {
  const redis = await startRedis(t);
  const codes: string[] = [];
  const connection = openRedis({ url: redis.url, timeoutMs: 200, onNotice: ({ code }) => codes.push(code) });
  t.after(() => connection.close());
  // Between the steps of the connection, as the modules of an application are loaded.
  for (const ms of [300, 150, 150, 150]) {
    const end = performance.now() + ms;
    while (performance.now() < end) {}
    await new Promise(setImmediate);
  }
  await eventually('it is there', () => connection.isReady);
  assert.deepEqual(codes, []);
});

test('an outage that nobody listens to is a line on the standard error output, and so is its end', async (t) => {
  const redis = await startRedis(t);
  const write = mock.method(process.stderr, 'write', () => true);
  t.after(() => write.mock.restore());
  const lines = () => write.mock.calls.map(({ arguments: [text] }) => String(text));
  const first = openRedis({ url: redis.url, timeoutMs: 10_000 });
  const silent = openRedis({ url: redis.url, timeoutMs: 10_000, onNotice: false });
  const all = [first, first.duplicate(), silent];
  t.after(() => all.map((one) => one.close()));
  await eventually('all are there', () => all.every((one) => one.isReady));
  await redis.kill();
  await eventually('all are lost', () => all.every((one) => !one.isReady));
  await redis.start();
  await eventually('all are back', () => all.every((one) => one.isReady));
  assert.equal(lines().length, 2);
  assert.match(
    lines()[0] ?? '',
    /^keycloak-guard: Redis: Redis at 127\.0\.0\.1:\d+ does not answer: .+\. Look whether it runs there, .+ \(redis_lost\)\n$/,
  );
  assert.equal(lines()[1], 'keycloak-guard: Redis: Redis answers again (redis_back)\n');
});

test('an outage that only one of them saw is told too, and a connection that was closed is not waited for', async (t) => {
  const redis = await startRedis(t);
  const codes: string[] = [];
  const first = openRedis({ url: redis.url, timeoutMs: 10_000, onNotice: ({ code }) => codes.push(code) });
  const blocked = first.duplicate();
  const closed = first.duplicate();
  t.after(() => [first, blocked, closed].map((one) => one.close()));
  await eventually('all are there', () => [first, blocked, closed].every((one) => one.isReady));
  redis.freeze();
  await assert.rejects(blocked.run((client) => client.ping(), 50));
  assert.deepEqual(codes, ['redis_lost']);
  await assert.rejects(closed.run((client) => client.ping(), 50));
  closed.close();
  closed.close();
  redis.thaw();
  await eventually('it is told that it is over', () => codes.length === 2);
  assert.deepEqual(codes, ['redis_lost', 'redis_back']);
});
