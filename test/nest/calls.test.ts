// What is read of Nest's contexts, and written for the callers of one, without an application.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import type { ExecutionContext } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import {
  findNote,
  graphqlRequestOf,
  graphqlResponseOf,
  isRequest,
  kindOf,
  noteOf,
} from '../../packages/guard/src/adapters/nest/call.ts';
import {
  createCallReader,
  listenToHandshakes,
  toHttpCall,
  UnknownContextError,
} from '../../packages/guard/src/adapters/nest/to-call.ts';

function contextOf(type: string, ...args: unknown[]): ExecutionContext {
  const context = new ExecutionContextHost(args);
  context.setType(type);
  return context as ExecutionContext;
}
const request = { headers: { host: 'app.test' } };

describe('a context', () => {
  test('is of a kind that is known, or of none', () => {
    for (const kind of ['http', 'graphql', 'ws', 'rpc']) assert.equal(kindOf(contextOf(kind)), kind);
    assert.equal(kindOf(contextOf('telegraf')), undefined);
  });

  test('of GraphQL has the request of its operation, wherever the server puts it', () => {
    const requestOf = (operation: unknown) => graphqlRequestOf(contextOf('graphql', {}, {}, operation, {}));
    for (const operation of [{ req: request }, { request }, { reply: { request } }])
      assert.equal(requestOf(operation), request);
    assert.equal(requestOf({ req: request, request: { headers: {} } }), request);
    for (const none of [
      undefined,
      {},
      { req: {} },
      { req: { headers: null } },
      { req: 'text' },
      { reply: {} },
    ])
      assert.equal(requestOf(none), undefined, JSON.stringify(none));
    // A reference has no arguments: its context is the second.
    assert.equal(graphqlRequestOf(contextOf('graphql', {}, { req: request }, {})), request);
    assert.deepEqual([undefined, null, 'text', {}, request].map(isRequest), [
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  test('of GraphQL has an answer if one takes headers', () => {
    const answerOf = (operation: unknown) => graphqlResponseOf(contextOf('graphql', {}, {}, operation, {}));
    const [node, fastify] = [{ setHeader() {} }, { header() {} }];
    assert.equal(answerOf({ res: node }), node);
    assert.equal(answerOf({ reply: fastify }), fastify);
    assert.equal(answerOf({ res: node, reply: fastify }), node);
    for (const none of [undefined, {}, { reply: {} }]) assert.equal(answerOf(none), undefined);
  });

  test('has a note that is found again by what its call alone has', () => {
    const [first, other, info] = [{ headers: {} }, { headers: {} }, {}];
    const [entity, otherEntity] = [{ id: 1 }, { id: 1 }];
    for (const [type, args, otherArgs] of [
      ['http', [first, {}], [other, {}]],
      ['graphql', [{}, {}, { req: first }, info], [{}, {}, { req: first }, {}]],
      // References of one operation share their info.
      ['graphql', [entity, { req: first }, {}], [otherEntity, { req: first }, {}]],
    ] as const) {
      const context = contextOf(type, ...args);
      assert.equal(findNote(contextOf(type, ...args)), undefined);
      const note = noteOf(context);
      assert.equal(noteOf(context), note);
      assert.equal(findNote(context), note);
      assert.equal(findNote(contextOf(type, ...args)), note);
      assert.equal(findNote(contextOf(type, ...otherArgs)), undefined);
    }
    assert.equal(findNote(contextOf('http', 'no object')), undefined);
    assert.ok(noteOf(contextOf('graphql', 'no object', {}, undefined)));
  });

  test('of a message gets an argument more, for its client is that of others too', () => {
    const [client, data, transport] = [{}, {}, {}];
    for (const [type, args, at, length] of [
      ['ws', [client, data, 'pattern'], 2, 4],
      ['rpc', [data, transport], 2, 3],
      ['rpc', [data], 2, 3],
      ['rpc', [data, transport, 'more'], 3, 4],
    ] as const) {
      const [one, two] = [contextOf(type, ...args), contextOf(type, ...args)];
      const notes = [noteOf(one), noteOf(two)];
      assert.notEqual(notes[0], notes[1]);
      const given = one.getArgs();
      assert.equal(given.length, length);
      assert.ok(Object.isFrozen(given[at]));
      assert.equal(findNote(contextOf(type, ...given)), notes[0]);
      assert.equal(findNote(contextOf(type, ...args)), undefined);
      if (type === 'ws') assert.equal(given.at(-1), 'pattern');
    }
  });
});

/** Fastify's request and reply. */
function toFastify(more: object = {}, of: object = {}) {
  const headers: Record<string, unknown> = { vary: 'Origin' };
  const set: unknown[] = [];
  const reply = {
    ...{ sent: false, headers() {}, getHeader: (name: string) => headers[name] },
    header: (...given: unknown[]) => set.push(given),
    ...more,
  };
  const raw = { ...request, rawHeaders: [], socket: {}, method: 'GET', url: '/a' };
  const asked = { headers: {}, raw, protocol: 'https', hostname: 'cut.test', host: 'app.test:8443', ...of };
  return { reply: reply as never, asked: asked as never, raw, set };
}

describe('a call', () => {
  test('over HTTP has the credentials of what was received, and its origin as the platform sees it', () => {
    const { asked, raw } = toFastify();
    const call = toHttpCall(undefined, asked, undefined);
    assert.equal(call.request, asked);
    assert.equal(call.credentials, raw);
    const { url, method, origin, headers } = call.toSessionRequest();
    assert.deepEqual([url, method, origin, headers], ['/a', 'GET', 'https://app.test:8443', request.headers]);
    // Fastify 4 has no host.
    const old = toHttpCall(undefined, toFastify({}, { host: undefined }).asked, undefined);
    assert.equal(old.toSessionRequest().origin, 'https://cut.test');
    const express = { ...raw, protocol: 'https' };
    assert.equal(
      toHttpCall(undefined, express as never, undefined).toSessionRequest().origin,
      'https://app.test',
    );
    assert.equal(toHttpCall(undefined, express as never, undefined).credentials, express);
  });

  test('that only resembles a request brings no session', () => {
    const call = toHttpCall(undefined, { headers: { cookie: 'session=stolen' } } as never, undefined);
    const nothing = { method: undefined, url: '/', headers: {}, origin: 'http://localhost' };
    assert.deepEqual(call.toSessionRequest(), nothing);
  });

  test('adds to the answer, unless there is none, or it was sent', () => {
    const extra = { headers: { vary: 'Cookie', 'x-a': '1' }, setCookies: ['c=1', 'd=2'] };
    const { asked, reply, set } = toFastify();
    toHttpCall(undefined, asked, reply).addToAnswer(extra);
    assert.deepEqual(set, [
      ['vary', 'Origin, Cookie'],
      ['x-a', '1'],
      ['set-cookie', 'c=1'],
      ['set-cookie', 'd=2'],
    ]);
    const sent = toFastify({ sent: true });
    toHttpCall(undefined, asked, sent.reply).addToAnswer(extra);
    assert.deepEqual(sent.set, []);
    toHttpCall(undefined, asked, undefined).addToAnswer(extra);
    const node: unknown[] = [];
    const setHeader = (...given: unknown[]) => void node.push(given);
    toHttpCall(undefined, asked, { setHeader, getHeader() {} } as never).addToAnswer(extra);
    assert.deepEqual(node, [
      ['vary', 'Cookie'],
      ['x-a', '1'],
      ['set-cookie', ['c=1', 'd=2']],
    ]);
  });

  test('without a place for its token is none, and the error says what to do', () => {
    const { toCall } = createCallReader();
    for (const [context, message] of [
      [
        contextOf('telegraf'),
        /^A context of type "telegraf" is unknown: known are http, graphql, ws and rpc$/,
      ],
      [contextOf('http', 'no request'), /^The first argument of a context of type "http" is not a request$/],
      [contextOf('graphql', {}, {}, {}, {}), /tokenFrom\.graphql$/],
      [contextOf('ws', {}, {}, 'pattern'), /tokenFrom\.ws$/],
      [contextOf('rpc', {}, {}), /tokenFrom\.rpc$/],
    ] as const)
      assert.throws(
        () => toCall(context),
        (error) => error instanceof UnknownContextError && message.test(error.message),
      );
  });

  test('has the token that the application’s reader finds, and no other', () => {
    const read = (given: unknown) => {
      const reader = () => given as string;
      const { toCall } = createCallReader({ graphql: reader, ws: reader, rpc: reader });
      const session = { ...request, headers: { authorization: 'Bearer other' }, rawHeaders: [], socket: {} };
      return [
        toCall(contextOf('graphql', {}, {}, { req: session }, {})),
        toCall(contextOf('ws', { request: session }, {}, 'pattern')),
        toCall(contextOf('rpc', {}, {})),
      ];
    };
    for (const call of read('a.b.c')) {
      assert.deepEqual(call.credentials, { headers: { authorization: 'Bearer a.b.c' } });
      assert.equal(call.request, undefined);
      assert.deepEqual(call.toSessionRequest().headers, {});
      call.addToAnswer({ headers: {}, setCookies: [] });
    }
    for (const none of [undefined, null, 7])
      for (const { credentials } of read(none)) assert.deepEqual(credentials, { headers: {} });
  });
});

describe('a gateway’s client', () => {
  const handshake = { ...request, rawHeaders: [], socket: {}, method: 'GET', url: '/chat' };
  const toCall = ({ handshakes, toCall: read }: ReturnType<typeof createCallReader>, client: object) => {
    assert.ok(handshakes.find(client));
    return read(contextOf('ws', client, {}, 'pattern'));
  };

  test('is known by its request, by itself, or by its socket', () => {
    const reader = createCallReader();
    const [remembered, socket] = [{}, {}];
    reader.handshakes.remember(remembered, handshake as never);
    reader.handshakes.remember(socket, handshake as never);
    for (const client of [{ request: handshake }, remembered, { _socket: socket }]) {
      const call = toCall(reader, client);
      assert.equal(call.request, handshake);
      assert.equal(call.credentials, handshake);
      // Without a method: another site must not send it.
      const { method, url, origin } = call.toSessionRequest();
      assert.deepEqual([method, url, origin], [undefined, '/chat', 'http://app.test']);
      call.addToAnswer({ headers: {}, setCookies: [] });
    }
    assert.equal(reader.handshakes.find({}), undefined);
    assert.equal(reader.handshakes.find({ _socket: {} }), undefined);
  });

  test('goes on with the token that it was renewed with, or that of Socket.IO', () => {
    const reader = createCallReader();
    const client = { request: handshake, handshake: { auth: { token: 'first' } } };
    assert.deepEqual(toCall(reader, client).credentials, { headers: { authorization: 'Bearer first' } });
    reader.handshakes.goOnWith(client, 'second');
    assert.deepEqual(toCall(reader, client).credentials, { headers: { authorization: 'Bearer second' } });
    for (const auth of [{ token: 7 }, {}, undefined])
      assert.equal(toCall(reader, { request: handshake, handshake: { auth } }).credentials, handshake);
  });

  test('is remembered before a gateway asks, by a server that accepts upgrades anyway', () => {
    for (const isThere of [true, false]) {
      const server = new EventEmitter();
      const seen: unknown[] = [];
      const accept = () => void seen.push('gateway');
      if (isThere) server.on('upgrade', accept);
      const remember = (...given: unknown[]) => void seen.push(given);
      listenToHandshakes({ getHttpServer: () => server } as never, { remember } as never);
      server.on('request', () => {});
      assert.equal(server.listenerCount('upgrade'), isThere ? 2 : 0, 'alone it would accept every upgrade');
      if (!isThere) server.on('upgrade', accept);
      server.on('upgrade', () => {});
      assert.equal(server.listenerCount('upgrade'), 3);
      assert.equal(server.listenerCount('newListener'), 0);
      server.emit('upgrade', 'request', 'socket');
      assert.deepEqual(seen, [['socket', 'request'], 'gateway']);
    }
  });
});
