// How a client of a gateway is held while it is decided on, and how it is ended, without a server.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  buffer,
  disconnect,
  endUnknown,
  type GatewayClient,
  isKnownClient,
  isOver,
  isSocketIo,
} from '../../packages/guard/src/adapters/nest/gateway-client.ts';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { stopTimers } from '../support/passing-time.ts';

/** A client of `ws`, and what was done with it. */
function toWs(more: object = {}) {
  const done: unknown[] = [];
  const note =
    (name: string) =>
    (...given: unknown[]) =>
      void done.push([name, ...given.filter((one) => typeof one !== 'function')]);
  const members = ['send', 'once', 'removeAllListeners', 'pause', 'resume', 'close', 'terminate'];
  const client = { readyState: 1, ...Object.fromEntries(members.map((name) => [name, note(name)])), ...more };
  return { client: client as unknown as GatewayClient & { send: (...given: unknown[]) => void }, done };
}

/** A client of Socket.IO. `receive` is what it sends. */
function toSocketIo(more: object = {}) {
  const done: unknown[] = [];
  const note =
    (name: string) =>
    (...given: unknown[]) =>
      void done.push([name, ...given]);
  let hold: ((event: unknown, next: () => void) => void) | undefined;
  const client = {
    ...{ connected: true, on: note('on'), emit: note('emit'), disconnect: note('disconnect') },
    conn: { write: note('write'), close: note('close') },
    use(middleware: typeof hold) {
      hold = middleware;
    },
    ...more,
  };
  const receive = (event: string) => hold?.(event, () => void done.push(event));
  return { client: client as unknown as GatewayClient & typeof client, done, receive };
}

describe('a client', () => {
  test('is known by all that is needed of it', () => {
    assert.equal(isKnownClient(toWs().client), true);
    assert.equal(isKnownClient(toSocketIo().client), true);
    for (const name of ['once', 'removeAllListeners', 'pause', 'resume', 'close', 'send', 'terminate'])
      assert.equal(isKnownClient(toWs({ [name]: undefined }).client), false, name);
    for (const name of ['use', 'on', 'emit', 'conn'])
      assert.equal(isKnownClient(toSocketIo({ [name]: undefined }).client), false, name);
    assert.equal(isKnownClient(toSocketIo({ conn: {} }).client), false);
    for (const none of [null, undefined, 'text']) assert.equal(isKnownClient(none), false);
    assert.deepEqual([isSocketIo(toWs().client), isSocketIo(toSocketIo().client)], [false, true]);
  });

  test('has left when its connection is closing', () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((readyState) => isOver(toWs({ readyState }).client)),
      [false, false, true, true],
    );
    assert.deepEqual(
      [true, undefined, false].map((connected) => isOver(toSocketIo({ connected }).client)),
      [false, false, true],
    );
  });

  test('of another kind is ended by the first method that it has', () => {
    const names = ['terminate', 'disconnect', 'close', 'end', 'destroy'];
    for (const [at, name] of names.entries()) {
      const called: string[] = [];
      endUnknown(Object.fromEntries(names.slice(at).map((one) => [one, () => called.push(one)])));
      assert.deepEqual(called, [name]);
    }
    for (const none of [null, undefined, 'text', {}, { end: 'text' }]) endUnknown(none);
    endUnknown({ end: () => assert.fail('it has ended') });
  });
});

describe('a client of ws', () => {
  test('is paused, and gets what it was sent once it is admitted', () => {
    const { client, done } = toWs();
    const { send } = client;
    const held = buffer(client);
    client.send('a', { binary: false });
    client.send('b');
    assert.deepEqual(done, [['pause']]);
    held.decide(true);
    assert.equal(client.send, send);
    held.resume();
    client.send('c');
    assert.deepEqual(done, [
      ['pause'],
      ['send', 'a', { binary: false }],
      ['send', 'b'],
      ['resume'],
      ['send', 'c'],
    ]);
  });

  test('that is refused gets nothing, and whoever sent it is told', async () => {
    const { client, done } = toWs();
    const held = buffer(client);
    const told = new Promise((resolve) => client.send('a', resolve));
    client.send('b');
    held.decide(false);
    assert.match(String(await told), /The client was not let in/);
    assert.deepEqual(done, [['pause']]);
  });

  test('of two gateways waits for both', () => {
    for (const [second, sent] of [
      [true, [['send', 'a']]],
      [false, []],
    ] as const) {
      const { client, done } = toWs();
      const held = [buffer(client), buffer(client)] as const;
      client.send('a');
      held[0].decide(true);
      held[0].resume();
      assert.deepEqual(done, [['pause'], ['pause']]);
      held[1].decide(second);
      assert.deepEqual(done.slice(2), sent);
      held[1].resume();
      assert.deepEqual(done.slice(2), [...sent, ['resume']]);
    }
    // One refusal is enough.
    const { client, done } = toWs();
    const held = [buffer(client), buffer(client)] as const;
    client.send('a');
    held[0].decide(false);
    held[1].decide(true);
    assert.deepEqual(done, [['pause'], ['pause']]);
  });

  test('keeps a send of the application’s that came later', () => {
    const { client, done } = toWs();
    const held = buffer(client);
    const held_ = client.send;
    const own = (...given: unknown[]) => held_(...given);
    client.send = own;
    held.decide(true);
    assert.equal(client.send, own);
    client.send('a');
    assert.deepEqual(done, [['pause'], ['send', 'a']]);
  });

  test('for which too much waits is closed, and cut off a second later', (t) => {
    stopTimers(t);
    const { client, done } = toWs();
    buffer(client);
    for (let count = 0; count < 100; count++) client.send('a');
    assert.deepEqual(done, [['pause']]);
    client.send('a');
    assert.deepEqual(done.slice(1), [['close', 1013, 'Too much to send']]);
    t.mock.timers.tick(999);
    assert.equal(done.length, 2);
    t.mock.timers.tick(1);
    assert.deepEqual(done.slice(2), [['terminate']]);
    const over = toWs({ readyState: 2 });
    buffer(over.client);
    for (let count = 0; count < 102; count++) over.client.send('a');
    assert.deepEqual(over.done, [['pause']]);
  });

  const closing = (t: TestContext, reason: unknown) => {
    stopTimers(t);
    const { client, done } = toWs();
    disconnect(client, reason);
    t.mock.timers.tick(1_000);
    t.mock.timers.reset();
    return done;
  };
  test('is closed with the code of the reason, and not heard any more', (t) => {
    for (const [reason, code, detail] of [
      [new AuthError('token_expired', 'told'), 4401, 'Could not validate credentials'],
      [new AuthError('role_missing', 'told'), 4403, 'Not enough permissions'],
      [new AuthError('provider_unavailable', 'told'), 1013, 'Identity provider unavailable'],
      [new Error('a fault'), 1011, 'Internal Server Error'],
    ] as const)
      assert.deepEqual(closing(t, reason), [
        ['removeAllListeners', 'message'],
        ['close', code, detail],
        ['terminate'],
      ]);
  });
});

describe('a client of Socket.IO', () => {
  test('gets what it was sent, and is heard, once it is admitted', () => {
    const { client, done, receive } = toSocketIo();
    const held = buffer(client);
    client.conn.write('out');
    receive('in');
    assert.deepEqual(done, []);
    held.decide(true);
    assert.deepEqual(done, [['write', 'out']]);
    held.resume();
    receive('later');
    assert.deepEqual(done.slice(1), ['in', 'later']);
    held.resume();
    assert.equal(done.length, 3);
  });

  test('is ended where it sends, or is sent, too much', () => {
    const { client, done, receive } = toSocketIo();
    const held = buffer(client);
    for (let count = 0; count < 100; count++) receive('in');
    assert.deepEqual(done, []);
    receive('in');
    assert.deepEqual(done, [['disconnect', true]]);
    held.resume();
    assert.equal(done.length, 1, 'nothing of it is heard');
    const gone = toSocketIo({ connected: false });
    const other = buffer(gone.client);
    for (let count = 0; count < 101; count++) gone.receive('in');
    assert.deepEqual(gone.done, []);
    for (let count = 0; count < 101; count++) gone.client.conn.write('out');
    assert.deepEqual(gone.done, [['close']]);
    other.decide(false);
    assert.equal(gone.done.length, 1);
  });

  test('is told the reason, and disconnected', () => {
    const { client, done } = toSocketIo();
    disconnect(client, new AuthError('role_missing', 'told'));
    assert.deepEqual(done[0], ['emit', 'auth_error', { detail: 'Not enough permissions' }]);
    assert.deepEqual(done.at(-1), ['disconnect', true]);
  });
});
