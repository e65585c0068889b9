// The connections of gateways: who is let in, watched, renewed and turned away, without a server.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import type { ExecutionContext } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { WsException } from '@nestjs/websockets';
import { createGatewayConnections } from '../../packages/guard/src/adapters/nest/gateway-connections.ts';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { settle } from '../support/refusal.ts';

const denied = new AuthError('role_missing', 'no');
const fault = new Error('a fault');
const anna = { username: 'anna' };

function toConnection() {
  const abort = new AbortController();
  const done: string[] = [];
  const connection = {
    principal: anna,
    signal: abort.signal,
    end: () => void done.push('end'),
    verify: async () => ({ username: 'verified' }),
    renew: async (token: string) => {
      if (token !== 'Bearer good') throw denied;
      return { username: 'renewed' };
    },
  };
  return { connection, abort, done };
}

function toWs(more: object = {}) {
  const done: unknown[] = [];
  const note =
    (name: string) =>
    (...given: unknown[]) =>
      void done.push([name, given[0]]);
  const members = Object.fromEntries(
    ['send', 'removeAllListeners', 'pause', 'resume', 'close', 'terminate'].map((name) => [name, note(name)]),
  );
  return { client: Object.assign(new EventEmitter(), { readyState: 1, ...members, ...more }), done };
}

function toSocketIo(more: object = {}) {
  const done: unknown[] = [];
  const note =
    (name: string) =>
    (...given: unknown[]) =>
      void done.push([name, given[0]]);
  const on = (event: string, listener: () => void) => void done.push(['on', event, listener]);
  const client = {
    ...{
      connected: true,
      emit: note('emit'),
      disconnect: note('disconnect'),
      on,
      use() {},
      data: {},
      handshake: { auth: {} },
    },
    conn: Object.assign(new EventEmitter(), {
      readyState: 'open',
      write: note('write'),
      close: note('conn.close'),
    }),
    ...more,
  };
  return { client, done };
}

/** @param open what guards come to */
function setUp(open: (call: unknown) => Promise<unknown> = () => Promise.reject(fault)) {
  const lines: string[] = [];
  const asked: unknown[] = [];
  const tokens: unknown[] = [];
  const engine = {
    connections: {
      guard: (requirements: unknown) => ({
        open(call: unknown) {
          asked.push(requirements);
          return open(call);
        },
      }),
    },
    refusalOf: (error: unknown) =>
      error instanceof AuthError
        ? { status: 403, headers: {}, setCookies: [], body: '{"detail":"no"}' }
        : undefined,
  };
  const handshakes = { goOnWith: (_: object, token: string) => void tokens.push(token) };
  const say = (level: string) => (_: object, line: string) => void lines.push(`${level} ${line}`);
  const contexts: ExecutionContext[] = [];
  const toCall = (context: ExecutionContext) => {
    contexts.push(context);
    return { context, addToAnswer() {}, credentials: { headers: {} } };
  };
  const gateways = createGatewayConnections(engine as never, handshakes as never, toCall as never, {
    warn: say('warn'),
    error: say('error'),
  });
  return { gateways, lines, asked, tokens, contexts };
}
const contextOf = (client: object): ExecutionContext => {
  const context = new ExecutionContextHost([client, {}, 'pattern']);
  context.setType('ws');
  return context as ExecutionContext;
};

describe('a gateway’s client', () => {
  test('that is admitted is watched until it leaves, and closed when its token ends', async () => {
    for (const end of ['close', 'abort'] as const) {
      const { connection, abort, done: ended } = toConnection();
      const { gateways, asked, contexts } = setUp(async () => connection);
      const { client, done } = toWs();
      const requirements = { realmRole: 'user' };
      assert.equal(await gateways.connect(client, requirements), anna);
      assert.deepEqual(
        [asked, done, ended],
        [
          [requirements],
          [
            ['pause', undefined],
            ['resume', undefined],
          ],
          [],
        ],
      );
      const [context] = contexts;
      assert.equal(context?.switchToWs().getClient(), client);
      assert.deepEqual(
        [context?.getType(), context?.switchToWs().getPattern(), context?.getArgByIndex(0)],
        ['ws', 'connection', client],
      );
      assert.deepEqual([context?.getClass(), context?.getHandler().name], [EventEmitter, 'handleConnection']);
      if (end === 'close') client.emit('close');
      else abort.abort(denied);
      assert.deepEqual(
        [ended, done.slice(2)],
        end === 'close'
          ? [['end'], []]
          : [
              [],
              [
                ['removeAllListeners', 'message'],
                ['close', 4403],
              ],
            ],
      );
    }
    const { connection, done: ended } = toConnection();
    const gone = toWs({ readyState: 3 });
    await setUp(async () => connection).gateways.connect(gone.client, {});
    assert.deepEqual(ended, ['end'], 'it left while it was decided on');
    const io = toSocketIo();
    const other = toConnection();
    await setUp(async () => other.connection).gateways.connect(io.client, {});
    assert.deepEqual(io.done, [['on', 'disconnect', other.connection.end]]);
  });

  test('that is refused is turned away; a fault is a line', async () => {
    for (const [error, code, lines] of [
      [denied, 4403, []],
      [fault, 1011, ['error A connection could not be guarded, and is closed']],
    ] as const) {
      const refused = setUp(() => Promise.reject(error));
      const { client, done } = toWs();
      assert.equal(await refused.gateways.connect(client, {}), undefined);
      assert.deepEqual(
        [done, refused.lines],
        [
          [
            ['pause', undefined],
            ['removeAllListeners', 'message'],
            ['close', code],
            ['resume', undefined],
          ],
          lines,
        ],
      );
      await assert.rejects(refused.gateways.renew(client, 'Bearer good'), 'it is not open');
    }
  });

  test('of a server that sends what was missed, and of a kind that is not known, is let in by nobody', async () => {
    const { gateways, lines, asked } = setUp(async () => toConnection().connection);
    const io = toSocketIo({ nsp: { server: { opts: { connectionStateRecovery: {} } } } });
    assert.equal(await gateways.connect(io.client, {}), undefined);
    assert.deepEqual(io.done.at(-1), ['disconnect', true]);
    const { done, client } = toWs({ pause: undefined });
    assert.equal(await gateways.connect(client, {}), undefined);
    assert.deepEqual([done, asked], [[['terminate', undefined]], []]);
    assert.equal(lines.length, 2);
  });

  test('goes on with a new token of its own, or keeps the old one', async () => {
    const { connection } = toConnection();
    const { gateways, tokens } = setUp(async () => connection);
    const { client } = toWs();
    const refusedWith = async (act: Promise<unknown>) => {
      try {
        await act;
      } catch (error) {
        return (error as WsException).getError();
      }
      return undefined;
    };
    const no = { status: 'error', code: 'FORBIDDEN', detail: 'no' };
    assert.deepEqual(await refusedWith(gateways.renew(client, 'Bearer good')), no, 'it was never admitted');
    await gateways.connect(client, {});
    assert.deepEqual(await refusedWith(gateways.renew(client, 'bad')), no);
    assert.deepEqual(tokens, []);
    assert.deepEqual(await gateways.renew(client, 'Bearer good'), { username: 'renewed' });
    assert.deepEqual(tokens, ['good']);
  });

  test('is watched from its first admitted message on, once', async () => {
    const { gateways, asked, lines } = setUp(async () => toConnection().connection);
    const { client } = toWs();
    const call = { request: {} } as never;
    for (let count = 0; count < 2; count++) {
      gateways.follow(contextOf(client), call);
      await settle();
    }
    assert.equal(asked.length, 1);
    // Each of its messages may have a token of its own.
    gateways.follow(contextOf(toWs().client), { request: undefined } as never);
    assert.equal(asked.length, 1);
    for (let count = 0; count < 2; count++) gateways.follow(contextOf({}), call);
    assert.deepEqual([asked.length, lines.length], [1, 1]);
  });

  test('whose handshake had a proof is judged by its connection', async () => {
    const { connection } = toConnection();
    const { gateways, asked } = setUp(async () => connection);
    const { client } = toWs();
    const withProof = { credentials: { headers: { authorization: 'DPoP a.b.c', dpop: 'd.e.f' } } } as never;
    const bearer = { credentials: { headers: { authorization: 'Bearer a.b.c' } } } as never;
    assert.equal(gateways.proved(contextOf(client), bearer), undefined);
    assert.equal(asked.length, 0);
    assert.equal((await gateways.proved(contextOf(client), withProof))?.principal, anna);
    await gateways.proved(contextOf(client), withProof);
    assert.equal(asked.length, 1);
    assert.equal(gateways.proved(contextOf({}), withProof), undefined);
    const refused = setUp(() => Promise.reject(denied));
    await assert.rejects(refused.gateways.proved(contextOf(client), withProof) as Promise<unknown>, denied);
  });

  test('of Socket.IO is guarded by its middleware, and known afterwards', async () => {
    const { connection } = toConnection();
    const { gateways, tokens } = setUp(async () => connection);
    for (const auth of [{}, { token: 'a.b.c' }]) {
      const { client } = toSocketIo({ handshake: { auth }, request: {} });
      const passed: unknown[] = [];
      gateways.socket({})(client as never, (error) => void passed.push(error));
      await settle();
      assert.deepEqual([passed, client.data], [[undefined], { principal: anna }]);
      await gateways.renew(client, 'Bearer good');
    }
    assert.deepEqual(tokens, ['good', 'good']);
  });
});
