import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { openConnection } from '../../packages/guard/src/redis/connection.ts';
import {
  createRedisRevocationStore,
  openRedis,
  type RedisNotice,
} from '../../packages/guard/src/redis/index.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis, type TestRedis } from '../support/redis-server.ts';

async function open(t: TestContext, redis?: TestRedis, user = '') {
  const server = redis ?? (await startRedis(t));
  const told: RedisNotice[] = [];
  const url = server.url.replace('//', `//${user}`);
  const connection = openConnection({ url, onNotice: (notice) => told.push(notice), tryMs: 100 });
  const admin = openRedis({ url: server.url, onNotice: false });
  t.after(() => [connection, admin].map((one) => one.close()));
  await eventually('both are there', () => admin.isReady && connection.isReady);
  const set = (name: string, value: string) => admin.run((client) => client.configSet(name, value));
  return { redis: server, told, connection, admin, set };
}

for (const [how, fails] of [
  ['throws', () => assert.fail('the log is full')],
  ['rejects', () => Promise.reject(new Error('the log is full'))],
  [
    'rejects by a promise of another realm of code',
    () => runInNewContext("Promise.reject(new Error('full'))"),
  ],
] as const) {
  test(`a listener that ${how} ends neither the process nor the tries to connect`, async (t) => {
    const redis = await startRedis(t);
    const codes: string[] = [];
    const connection = openRedis({
      url: redis.url,
      timeoutMs: 10_000,
      onNotice: ({ code }) => {
        codes.push(code);
        return fails();
      },
    });
    t.after(() => connection.close());
    await eventually('it is there', () => connection.isReady);
    await redis.kill();
    await eventually('it is lost', () => codes.length === 1);
    await redis.start();
    await eventually('it is back', () => connection.isReady);
    assert.deepEqual(codes, ['redis_lost', 'redis_back']);
  });
}

test('each time that Redis refuses writes is told with a mend, and so is its end; meanwhile it is not ok', async (t) => {
  const { told, connection, set } = await open(t);
  const store = createRedisRevocationStore(connection);
  t.after(() => store.close());
  await eventually('the store is there', () => store.isConnected && store.isCaughtUp);
  for (const round of [1, 2]) {
    await set('maxmemory', '1');
    await eventually('the reader is refused', () => told.length === 2 * round - 1);
    // Its sharing after the end has the reader wait for entries.
    const revocation = {
      type: 'not-before',
      issuer: 'https://keycloak',
      notBefore: round,
      setAt: round,
    } as const;
    await assert.rejects(store.add(revocation));
    assert.deepEqual([store.isConnected, connection.isReady], [false, true]);
    assert.match(told.at(-1)?.fix ?? '', /maxmemory/);
    await set('maxmemory', '0');
    await eventually('its end is told', () => told.length === 2 * round);
    assert.equal(store.isConnected, true);
  }
  const incident = ['Redis refuses commands: its memory is full (OOM)', 'Redis takes writes again'];
  assert.deepEqual(
    told.map(({ message }) => message),
    [...incident, ...incident],
  );
});

test('a duplicate that was refused, and blocks then, is neither lost nor in the way of the end', async (t) => {
  const { told, connection, set } = await open(t);
  const other = connection.duplicate();
  t.after(() => other.close());
  await eventually('the other is there', () => other.isReady);
  await set('maxmemory', '1');
  await assert.rejects(other.run((client) => client.set('a', 'b')));
  await set('maxmemory', '0');
  await other.run((client) => client.xRead({ key: 'none', id: '0-0' }, { BLOCK: 2_000 }), 60_000);
  await eventually('its end is told', () => connection.isWritable === true);
  assert.deepEqual(
    told.map(({ code }) => code),
    ['redis_refused', 'redis_back'],
  );
  assert.equal(told.at(-1)?.message, 'Redis takes writes again');
});

test('a connection that is closed does not end the refusal of those that stay', async (t) => {
  const { connection, set } = await open(t);
  const other = connection.duplicate();
  await eventually('the other is there', () => other.isReady);
  await set('maxmemory', '1');
  await assert.rejects(connection.run((client) => client.set('a', 'b')));
  other.close();
  assert.equal(connection.isWritable, false);
});

test('a user who may write the keys in use, and no other, does not stay refused', async (t) => {
  const { redis, set, admin } = await open(t);
  const rights = ['on', '>secret', '+@all', '~of-the-test'];
  await admin.run((client) => client.sendCommand(['ACL', 'SETUSER', 'app', ...rights]));
  const { connection } = await open(t, redis, 'app:secret@');
  await set('maxmemory', '1');
  const write = () => connection.run((client) => client.set('of-the-test', 'b'));
  await assert.rejects(write());
  assert.equal(connection.isWritable, false);
  await set('maxmemory', '0');
  await write();
  await eventually('it takes writes', () => connection.isWritable === true, 10_000);
});
