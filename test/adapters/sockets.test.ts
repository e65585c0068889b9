// Handshakes of WebSockets and of Socket.IO, without a server.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import {
  canRecover,
  disconnectSocket,
  toSocketIoMiddleware,
  toUpgradeListener,
} from '../../packages/guard/src/adapters/engine/sockets.ts';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { stopTimers } from '../support/passing-time.ts';
import { settle } from '../support/refusal.ts';

const denied = new AuthError('role_missing', 'no');
const anna = { username: 'anna' };

function toConnection() {
  const abort = new AbortController();
  const done: string[] = [];
  const connection = {
    principal: anna,
    signal: abort.signal,
    end: () => void done.push('end'),
    renew: async (token: string) => {
      if (token !== 'good') throw denied;
      return { username: 'renewed' };
    },
  };
  return { connection, abort, done };
}

describe('the upgrade of a connection', () => {
  /** @param opening what the guard comes to */
  async function upgrade(
    t: TestContext,
    opening: () => Promise<unknown>,
    {
      accept = () => {},
      destroyed = false,
      answer = undefined as object | undefined,
    }: { accept?: (...given: never[]) => unknown; destroyed?: boolean; answer?: object | undefined } = {},
  ) {
    stopTimers(t);
    const done: unknown[] = [];
    const lines: string[] = [];
    const socket = Object.assign(new EventEmitter(), {
      destroyed,
      destroy: () => void done.push('destroy'),
      resume: () => socket,
      end: (text: string) => void done.push(text),
    });
    const log = { error: (_: object, line: string) => void lines.push(line) };
    const listener = toUpgradeListener(
      { open: opening } as never,
      () => answer as never,
      accept as never,
      log,
    );
    listener({} as never, socket as never, Buffer.alloc(0));
    await settle();
    // A client that goes away is no error of the process.
    socket.emit('error', new Error('reset'));
    return { socket, done, lines };
  }

  test('is handed over once it is admitted, and cut a second after it has to end', async (t) => {
    const { connection, abort, done: ended } = toConnection();
    const accepted: unknown[] = [];
    const accept = (...given: unknown[]) => void accepted.push(given.at(-1));
    const { socket, done } = await upgrade(t, async () => connection, { accept });
    assert.deepEqual(accepted, [connection]);
    abort.abort();
    t.mock.timers.tick(999);
    assert.deepEqual(done, []);
    t.mock.timers.tick(1);
    assert.deepEqual(done, ['destroy']);
    socket.emit('close');
    assert.deepEqual(ended, ['end']);
  });

  test('is for nobody who went away meanwhile', async (t) => {
    const { connection, done: ended } = toConnection();
    await upgrade(t, async () => connection, { destroyed: true, accept: () => assert.fail('handed over') });
    assert.deepEqual(ended, ['end']);
  });

  test('that the application fails with costs that socket, and a line', async (t) => {
    const { connection } = toConnection();
    for (const accept of [
      () => Promise.reject(new Error('of the application')),
      () => {
        throw new Error('of the application');
      },
    ]) {
      const { done, lines } = await upgrade(t, async () => connection, { accept });
      assert.deepEqual([done, lines], [['destroy'], ['a guarded upgrade failed']]);
    }
  });

  test('that is refused is answered, and cut a second later', async (t) => {
    const answer = { status: 403, headers: { 'x-a': 'b\r\nc: d' }, setCookies: [], body: 'ä' };
    const { done } = await upgrade(t, () => Promise.reject(denied), { answer });
    assert.deepEqual(done, [
      'HTTP/1.1 403 Forbidden\r\nx-a: b  c: d\r\nconnection: close\r\ncontent-length: 2\r\n\r\nä',
    ]);
    t.mock.timers.tick(1_000);
    assert.equal(done[1], 'destroy');
    const fault = await upgrade(t, () => Promise.reject(new Error('a fault')));
    assert.match(String(fault.done[0]), /^HTTP\/1\.1 500 Internal Server Error\r\n/);
  });
});

function toSocket(more: object = {}) {
  const done: unknown[] = [];
  const conn = Object.assign(new EventEmitter(), {
    readyState: 'open',
    close: () => void done.push('conn.close'),
  });
  const socket = Object.assign(new EventEmitter(), {
    ...{
      handshake: { auth: {} },
      request: { method: 'GET', url: '/io' },
      connected: true,
      conn,
      data: {} as Record<string, unknown>,
    },
    disconnect: (close: boolean) => void done.push(['disconnect', close]),
    ...more,
  });
  const events: unknown[] = [];
  const receive = socket.emit.bind(socket);
  socket.emit = (...given) => {
    events.push(given);
    return true;
  };
  return { socket, done, events, receive, conn };
}

describe('a socket of Socket.IO', () => {
  async function connect(socket: object, guard: object) {
    const passed: unknown[] = [];
    const lines: string[] = [];
    toSocketIoMiddleware(guard as never, { error: (_, line) => void lines.push(line) })(
      socket as never,
      (error) => void passed.push(error),
    );
    await settle();
    return { passed, lines };
  }

  test('is let in by its headers, read as what another site must not send, or by its token', async () => {
    const { connection } = toConnection();
    const asked: unknown[] = [];
    const guard = {
      open: async ({ method, url }: { method?: string; url: string }) =>
        asked.push(['open', method, url]) && connection,
      openWith: async ({ method }: { method: string }, token: unknown) =>
        asked.push(['openWith', method, token]) && connection,
    };
    const plain = toSocket();
    assert.deepEqual((await connect(plain.socket, guard)).passed, [undefined]);
    assert.equal(plain.socket.data.principal, anna);
    await connect(toSocket({ handshake: { auth: { token: 'a.b.c' } } }).socket, guard);
    assert.deepEqual(asked, [
      ['open', undefined, '/io'],
      ['openWith', 'GET', 'a.b.c'],
    ]);
  });

  test('that is refused hears why, and nothing of a fault here', async () => {
    for (const [error, statusCode, detail] of [
      [denied, 403, 'Not enough permissions'],
      [new Error('a fault'), 500, 'Internal Server Error'],
    ] as const) {
      const { passed } = await connect(toSocket().socket, { open: () => Promise.reject(error) });
      const [refusal] = passed as { message: string; data: unknown }[];
      assert.deepEqual([refusal?.message, refusal?.data], [detail, { statusCode, detail }]);
    }
  });

  test('is let in by no server that sends what was missed before it is decided', async () => {
    const nsp = (connectionStateRecovery: unknown) => ({
      nsp: { server: { opts: { connectionStateRecovery } } },
    });
    assert.deepEqual([nsp({}), nsp(undefined), {}, { nsp: {} }].map(canRecover), [true, false, false, false]);
    const { passed, lines } = await connect(toSocket(nsp({})).socket, { open: () => assert.fail('decided') });
    assert.equal((passed[0] as Error).message, 'Internal Server Error');
    assert.match(lines[0] ?? '', /leave connectionStateRecovery out$/);
  });

  test('is watched until it is gone, also if it was gone before', async () => {
    for (const [end, ended] of [
      ['disconnect', ['end']],
      ['close', ['end']],
    ] as const) {
      const { connection, done } = toConnection();
      const { socket, receive, conn } = toSocket();
      await connect(socket, { open: async () => connection });
      assert.deepEqual(done, []);
      if (end === 'close') conn.emit('close');
      else receive('disconnect');
      assert.deepEqual(done, ended);
    }
    const { connection, done } = toConnection();
    const { socket, conn } = toSocket();
    conn.readyState = 'closed';
    const { passed } = await connect(socket, { open: async () => connection });
    assert.deepEqual([done, passed, socket.data.principal], [['end'], [undefined], undefined]);
  });

  test('goes on with a new token, and is told whether it does', async () => {
    const { connection, abort } = toConnection();
    const { socket, receive, events, done } = toSocket();
    await connect(socket, { open: async () => connection });
    const ask = async (message: unknown) => {
      const said: unknown[] = [];
      receive('auth', message, (answer: unknown) => said.push(answer));
      await settle();
      return said;
    };
    const no = [{ ok: false, detail: 'Not enough permissions' }];
    for (const bad of ['bad', { token: 'bad' }, null, undefined, 7]) assert.deepEqual(await ask(bad), no);
    assert.equal(socket.data.principal, anna);
    for (const good of ['good', { token: 'good' }]) assert.deepEqual(await ask(good), [{ ok: true }]);
    assert.deepEqual(socket.data.principal, { username: 'renewed' });
    receive('auth', 'good', 'no function');
    await settle();
    abort.abort(denied);
    assert.deepEqual(events, [['auth_error', { detail: 'Not enough permissions' }]]);
    assert.deepEqual(done, [['disconnect', true]]);
  });

  test('that is not connected yet is ended all the same', () => {
    const { socket, done } = toSocket({ connected: false });
    disconnectSocket(socket as never, denied);
    assert.deepEqual(done, ['conn.close']);
  });
});
