import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openRedis, type RedisNotice } from '../../packages/guard/src/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';

const SECRET = 'HUNTER2SECRET';

const withoutPort = (message: string) => message.replace(/ 127\.0\.0\.1:\d+ /, ' HOST ');

async function messageOf(t: TestContext, url: string): Promise<string> {
  const notices: RedisNotice[] = [];
  const connection = openRedis({ url, onNotice: (notice) => notices.push(notice), timeoutMs: 3_000 });
  t.after(() => connection.close());
  await eventually('it is told', () => notices.length > 0);
  assert.match(notices[0]?.fix ?? '', /REDIS_URL/);
  return withoutPort(notices[0]!.message);
}

/** Something that listens, and does to a connection whatever the test wants. */
async function listen(t: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => onConnection(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a wrong password is called one, and is not repeated', async (t) => {
  const redis = await startRedis(t);
  const url = redis.url.replace('redis://', `redis://user:${SECRET}@`);
  assert.equal(
    await messageOf(t, url),
    'Redis at HOST does not answer: it does not take this user and password (WRONGPASS)',
  );
});

test('whatever else keeps it from answering is named, without what was sent', async (t) => {
  const refuse = (reply: string) => (socket: Socket) =>
    socket.on('data', (data) => {
      const commands = String(data).match(/^\*\d+\r$/gm)?.length ?? 0;
      socket.write(`-${reply}\r\n`.repeat(commands));
    });
  const credentials = `redis://user:${SECRET}@`;
  for (const [onConnection, why] of [
    [refuse('NOAUTH Authentication required.'), 'it wants a password, and the URL has none (NOAUTH)'],
    [
      refuse(`ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' '${SECRET}'`),
      'it answers ERR',
    ],
    [(socket: Socket) => socket.end(), 'socket closed unexpectedly'],
    [(socket: Socket) => socket.resume(), 'timeout'],
  ] as const) {
    const url = credentials + (await listen(t, onConnection));
    assert.equal(await messageOf(t, url), `Redis at HOST does not answer: ${why}`);
  }
  assert.equal(
    await messageOf(t, `${credentials}127.0.0.1:1`),
    'Redis at HOST does not answer: ECONNREFUSED',
  );
});

test('a Redis that answers and refuses is told once for each cause, also when it was lost for another one before', async (t) => {
  const redis = await startRedis(t);
  const told: string[] = [];
  const options = { timeoutMs: 3_000, onNotice: ({ message }: { message: string }) => told.push(message) };
  const first = openRedis({ url: redis.url.replace('redis://', `redis://:${SECRET}@`), ...options });
  const admin = openRedis({ url: redis.url, onNotice: false });
  t.after(() => [first, admin].map((one) => one.close()));
  const set = (name: string, value: string) => admin.run((client) => client.configSet(name, value));
  await eventually('both are there', () => admin.isReady && first.isReady);
  const write = () =>
    first.run((client) => client.eval("return redis.call('SET', 'a', 'b')")).catch(() => {});
  await set('maxmemory', '1');
  for (let i = 0; i < 3; i++) await write();
  // In this order no write passes in between.
  await set('min-replicas-to-write', '1');
  await set('maxmemory', '0');
  for (let i = 0; i < 3; i++) await write();
  await set('requirepass', 'another');
  await admin.run((client) => client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal']));
  await eventually('all is told', () => told.length === 4);
  assert.deepEqual(told.map(withoutPort), [
    'Redis refuses commands: its memory is full (OOM)',
    'Redis refuses commands: it answers NOREPLICAS',
    'Redis at HOST does not answer: socket closed unexpectedly',
    'Redis refuses commands: it does not take this user and password (WRONGPASS)',
  ]);
});
