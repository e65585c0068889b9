// A connection to a Redis that refuses, hangs or goes away, as a server in this process tells it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { OptionsError } from '../../packages/guard/src/core/index.ts';
import {
  openConnection,
  openRedis,
  type RedisNotice,
  RedisUnavailable,
} from '../../packages/guard/src/redis/connection.ts';
import { eventually } from '../support/eventually.ts';

/** The commands in what a client sent (RESP). */
function* commandsIn(text: string) {
  for (let rest = text; rest !== ''; ) {
    const [head = '', count] = /^\*(\d+)\r\n/.exec(rest) ?? assert.fail(rest);
    rest = rest.slice(head.length);
    const words: string[] = [];
    for (let at = 0; at < Number(count); at++) {
      const [size = '', length] = /^\$(\d+)\r\n/.exec(rest) ?? [];
      words.push(rest.slice(size.length, size.length + Number(length)));
      rest = rest.slice(size.length + Number(length) + 2);
    }
    yield words;
  }
}

/** @param answers replies by the name of a command; `undefined`: it hangs */
async function startServer(t: TestContext, answers: Record<string, string | undefined> = {}) {
  const sockets = new Set<Socket>();
  const asked: string[][] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      for (const words of commandsIn(chunk.toString())) {
        const [name = ''] = words;
        if (name !== 'HELLO' && name !== 'CLIENT') asked.push(words);
        const answer = name in answers ? answers[name] : '+OK';
        if (answer !== undefined) socket.write(`${answer}\r\n`);
      }
    });
  });
  const listen = async (port = 0) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  };
  const port = await listen();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    cut();
    server.close();
  });
  return {
    ...{ answers, asked, cut, host: `127.0.0.1:${port}`, url: `redis://127.0.0.1:${port}` },
    count: () => connections,
    async stop() {
      server.close();
      cut();
      await once(server, 'close');
    },
    start: () => listen(port),
  };
}

async function open(
  t: TestContext,
  answers: Record<string, string | undefined> = {},
  more: { user?: string; timeoutMs?: number; tryMs?: number } = {},
) {
  const server = await startServer(t, answers);
  const { user = '', timeoutMs = 5_000, tryMs = 10 } = more;
  const told: RedisNotice[] = [];
  const connection = openConnection({
    url: server.url.replace('//', `//${user}`),
    timeoutMs,
    tryMs,
    keyPrefix: 'p',
    onNotice: (one) => told.push(one),
  });
  t.after(() => connection.close());
  const ask = () => connection.run((client) => client.get('a'));
  const write = () => connection.run((client) => client.set('a', 'b'));
  return { server, told, connection, ask, write, codes: () => told.map(({ code }) => code) };
}
const ready = ({ connection }: { connection: { isReady: boolean } }) =>
  eventually('it is there', () => connection.isReady);

describe('a connection', () => {
  test('runs commands once it is there, and refuses them at once before', async (t) => {
    const one = await open(t, { GET: '$1\r\nx' });
    await assert.rejects(one.ask(), { name: 'RedisUnavailable', message: 'Redis is not connected' });
    let calls = 0;
    const stop = one.connection.onReady(() => void calls++);
    assert.equal(calls, 0);
    await ready(one);
    assert.deepEqual([await one.ask(), one.server.asked, calls], ['x', [['GET', 'a']], 1]);
    one.connection.onReady(() => {
      calls += 10;
    });
    assert.equal(calls, 11);
    stop();
    one.server.cut();
    await eventually('it is back', () => calls === 21 && one.connection.isReady);
    assert.deepEqual(one.codes(), ['redis_lost', 'redis_back']);
    one.connection.close();
    assert.equal(one.connection.isReady, false);
    await assert.rejects(one.ask(), RedisUnavailable);
  });

  test('tells each cause of a refusal once, and again after a minute without it', async (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const one = await open(t, { GET: '-NOPERM no right to this' });
    await ready(one);
    const refuse = (reply?: string) => {
      if (reply !== undefined) one.server.answers.GET = reply;
      return assert.rejects(one.ask(), { message: 'Redis refused a command, or the connection broke' });
    };
    await refuse();
    await refuse();
    const [first] = one.told;
    assert.deepEqual([one.told.length, first?.level, first?.code], [1, 'warn', 'redis_refused']);
    assert.equal(first?.message, 'Redis refuses commands: this user may not do what is needed (NOPERM)');
    assert.match(first?.fix ?? '', /ACL SETUSER/);
    await refuse('-WRONGTYPE another');
    assert.equal(one.told.length, 2);
    now += 60_000;
    await refuse('-NOPERM no right to this');
    assert.equal(one.told.length, 2);
    now += 60_000;
    await refuse();
    assert.equal(one.told.length, 2, 'it never stopped');
    now += 60_001;
    await refuse();
    assert.equal(one.told.length, 3);
    assert.equal(one.connection.isWritable, true);
  });

  test('that refuses writes is tried, until it takes one', async (t) => {
    const one = await open(t, { SET: '-OOM full' });
    await ready(one);
    assert.equal(one.connection.isWritable, true);
    await assert.rejects(one.write(), RedisUnavailable);
    assert.deepEqual([one.connection.isReady, one.connection.isWritable], [true, false]);
    await eventually('it is tried', () => one.server.asked.length >= 3);
    assert.deepEqual(one.server.asked[1], ['SET', 'p:writable', '', 'PX', '1']);
    assert.deepEqual([one.codes(), one.connection.isWritable], [['redis_refused'], false]);
    one.server.answers.SET = '+OK';
    await eventually('it takes writes', () => one.connection.isWritable === true);
    assert.deepEqual(one.told.at(-1), {
      level: 'info',
      code: 'redis_back',
      message: 'Redis takes writes again',
    });
    // The next one is another incident.
    one.server.answers.SET = '-OOM full';
    await assert.rejects(one.write(), RedisUnavailable);
    assert.deepEqual(one.codes(), ['redis_refused', 'redis_back', 'redis_refused']);
    // A user who may not write this key says nothing about all writes.
    one.server.answers.SET = '-NOPERM no';
    await eventually('it is over', () => one.connection.isWritable === true);
    assert.equal(one.codes().includes('redis_back', 2), false);
  });

  test('that hangs is replaced, with everything that waits for it refused', async (t) => {
    const one = await open(t, { GET: undefined }, { timeoutMs: 40 });
    await ready(one);
    const waiting = [one.ask(), one.ask()];
    for (const each of waiting) await assert.rejects(each, { name: 'RedisUnavailable' });
    assert.equal(one.told[0]?.message, `Redis at ${one.server.host} does not answer: timeout`);
    assert.match(one.told[0]?.fix ?? '', /REDIS_URL/);
    one.server.answers.GET = '$1\r\nx';
    await ready(one);
    assert.deepEqual([await one.ask(), one.server.count()], ['x', 2]);
    assert.deepEqual(one.codes(), ['redis_lost', 'redis_back']);
    assert.equal(one.told[1]?.message, 'Redis answers again');
    one.server.answers.GET = undefined;
    const began = Date.now();
    await assert.rejects(
      one.connection.run((client) => client.get('a'), 90),
      { message: 'Redis did not answer within 90 ms' },
    );
    assert.ok(Date.now() - began >= 89);
  });

  test('whose handshake hangs is tried anew, and one that is refused says why', async (t) => {
    const one = await open(t, { HELLO: undefined }, { user: 'me:secret@', timeoutMs: 40 });
    await eventually('it is tried again', () => one.server.count() >= 3);
    assert.deepEqual(one.codes(), ['redis_lost']);
    one.server.answers.HELLO = '-WRONGPASS no';
    await eventually('it is refused', () => one.told.length === 2);
    assert.equal(
      one.told[1]?.message,
      'Redis refuses commands: it does not take this user and password (WRONGPASS)',
    );
    assert.doesNotMatch(JSON.stringify(one.told), /secret/);
    one.server.answers.HELLO = '+OK';
    await ready(one);
    await eventually('it is told', () => one.codes().includes('redis_back'));
    const count = one.server.count();
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(one.server.count(), count, 'it stays');
  });

  test('and its duplicates are lost once, and back when all are', async (t) => {
    const one = await open(t, { PING: undefined }, { timeoutMs: 5_000 });
    const all = [one.connection, one.connection.duplicate(), one.connection.duplicate()] as const;
    t.after(() => {
      for (const each of all) each.close();
    });
    const areAll = (isReady: boolean) => () => all.every((each) => each.isReady === isReady);
    await eventually('all are there', areAll(true));
    assert.equal(all[1].keyPrefix, 'p');
    await one.server.stop();
    await eventually('all are lost', areAll(false));
    assert.deepEqual(one.codes(), ['redis_lost']);
    all[2].close();
    all[2].close();
    await one.server.start();
    await eventually('both are back', () => all[0].isReady && all[1].isReady && one.told.length === 2);
    assert.deepEqual(one.codes(), ['redis_lost', 'redis_back']);
    // What is closed tells nothing, and is not replaced.
    for (const each of all) each.close();
    one.server.cut();
    const count = one.server.count();
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual([one.server.count(), one.told.length], [count, 2]);
  });
});

test('the options of a connection are checked, and hold no secret in what is wrong', () => {
  const url = 'redis://127.0.0.1:1';
  for (const good of [
    { timeoutMs: 10 },
    { timeoutMs: 60_000 },
    { keyPrefix: 'a' },
    { url: 'rediss://127.0.0.1:1' },
  ]) {
    const connection = openRedis({ url, onNotice: false, ...good });
    assert.equal(connection.keyPrefix, 'keyPrefix' in good ? 'a' : 'keycloak-guard');
    connection.close();
  }
  for (const wrong of [
    { timeoutMs: 9 },
    { timeoutMs: 60_001 },
    { keyPrefix: '' },
    { url: '' },
    { url: 'http://:secret@a' },
    { onNotice: true },
  ])
    assert.throws(
      () => openRedis({ url, ...wrong } as never),
      (error) =>
        error instanceof OptionsError &&
        error.problems[0]?.option === Object.keys(wrong)[0] &&
        !error.message.includes('secret'),
    );
});
