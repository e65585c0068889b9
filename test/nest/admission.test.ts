// What a guard of Nest's makes of a message or a request, without an application.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ExecutionContext, Sse } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { createAdmission } from '../../packages/guard/src/adapters/nest/admission.ts';
import { findNote } from '../../packages/guard/src/adapters/nest/call.ts';
import { Mcp, Permission, Public, Require } from '../../packages/guard/src/adapters/nest/decorators.ts';
import { endStreams } from '../../packages/guard/src/adapters/nest/handlers.ts';
import { UnknownContextError } from '../../packages/guard/src/adapters/nest/to-call.ts';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { decorate } from '../support/without-syntax.ts';

const denied = new AuthError('role_missing', 'no');
const anna = { username: 'anna' };

describe('a message or a request', () => {
  class Handlers {
    guarded() {}
    open() {}
    mcp() {}
    permitted() {}
  }
  decorate(Handlers, 'guarded', Require({}));
  decorate(Handlers, 'open', Public());
  decorate(Handlers, 'mcp', Mcp());
  decorate(Handlers, 'permitted', Permission('orders#view'));

  function admitting({
    decide = () => anna as unknown,
    proved = undefined as unknown,
    mcp = undefined as unknown,
    toCall = undefined as unknown,
    permit = () => undefined as unknown,
  } = {}) {
    const seen: unknown[] = [];
    const opened: unknown[] = [];
    const engine = {
      connections: { guard: () => ({ open: async (call: unknown) => opened.push(call) }) },
      guard: (options: unknown) => {
        seen.push(['guard', options]);
        return { decide, admit: (_call: unknown, principal: unknown) => principal };
      },
      permits: { permit: () => permit },
      refusalOf: (error: unknown) =>
        error instanceof AuthError
          ? { status: 403, headers: {}, setCookies: [], body: '{"detail":"no"}' }
          : undefined,
    };
    const gateways = { follow: () => void seen.push('follow'), proved: () => proved };
    const read = (context: ExecutionContext) => {
      const [request] = context.getArgs();
      return { context, request, credentials: {}, addToAnswer() {}, toSessionRequest: () => ({}) };
    };
    const lines: string[] = [];
    const log = { error: (_: object, line: string) => void lines.push(line) };
    const admit = createAdmission(
      engine as never,
      (toCall ?? read) as never,
      log,
      gateways as never,
      mcp as never,
    );
    const contextFor = (name: keyof Handlers, kind = 'http', ...args: unknown[]) => {
      const context = new ExecutionContextHost(
        args.length > 0 ? args : [{ headers: {} }, {}, 'pattern'],
        Handlers,
        Handlers.prototype[name],
      );
      context.setType(kind);
      return context as ExecutionContext;
    };
    return { admit, seen, lines, opened, contextFor };
  }

  test('is decided once for all guards of its handler, whose check is made once', async () => {
    let count = 0;
    const { admit, seen, contextFor } = admitting({ decide: () => ++count && anna });
    const context = contextFor('guarded');
    assert.deepEqual([admit(context), admit(context), count], [true, true, 1]);
    admit(contextFor('guarded'));
    assert.deepEqual([count, seen.filter((one) => Array.isArray(one)).length], [2, 1]);
    assert.equal(admit(contextFor('open')), true);
    assert.equal(count, 2);
  });

  test('has its caller where interceptors and parameters find it; of a connection it is followed', () => {
    for (const [kind, isOnRequest, follows] of [
      ['http', true, false],
      ['ws', false, true],
      ['graphql', false, false],
    ] as const) {
      const { admit, seen, contextFor } = admitting();
      const request = { headers: {} } as { headers: object; principal?: unknown };
      const context = contextFor('guarded', kind, request, {}, { req: request }, {});
      admit(context);
      assert.deepEqual(
        [findNote(context)?.principal, request.principal],
        [anna, isOnRequest ? anna : undefined],
        kind,
      );
      assert.equal(seen.includes('follow'), follows);
    }
    const nobody = admitting({ decide: () => null });
    const own = { headers: {}, principal: 'of the application' };
    const context = nobody.contextFor('guarded', 'http', own, {});
    assert.equal(nobody.admit(context), true);
    assert.deepEqual(
      [findNote(context)?.principal, own.principal, nobody.seen.includes('follow')],
      [undefined, 'of the application', false],
    );
    const message = admitting({ decide: () => null });
    message.admit(message.contextFor('guarded', 'ws'));
    assert.equal(message.seen.includes('follow'), false);
  });

  test('with a proof is judged by its connection, and a request never is', async () => {
    const connection = { verify: async () => ({ username: 'verified' }) };
    const decide = () => assert.fail('the proof was good once');
    const { admit, contextFor } = admitting({ decide, proved: Promise.resolve(connection) });
    const context = contextFor('guarded', 'ws');
    assert.equal(await admit(context), true);
    assert.deepEqual(findNote(context)?.principal, { username: 'verified' });
    const plain = admitting({ proved: Promise.resolve(connection) });
    const request = plain.contextFor('guarded');
    plain.admit(request);
    assert.equal(findNote(request)?.principal, anna);
  });

  test('of a stream leaves how its connection is opened, once there is a caller', async () => {
    class Streams {
      events() {}
    }
    decorate(Streams, 'events', Require({}), Sse('events'));
    const [one, none] = [new Map([['s', { metatype: Streams, instance: undefined }]]), new Map()];
    const module = { controllers: one, providers: none, injectables: none, middlewares: none };
    endStreams(new Map([['m', module]]) as never);
    for (const [caller, opens] of [
      [anna, true],
      [null, false],
    ] as const) {
      const { admit, opened } = admitting({ decide: () => caller });
      const context = new ExecutionContextHost([{ headers: {} }, {}], Streams, Streams.prototype.events);
      admit(context as ExecutionContext);
      const { open } = findNote(context as ExecutionContext) ?? {};
      assert.equal(open !== undefined, opens);
      await open?.();
      assert.equal(opened.length, opens ? 1 : 0);
    }
  });

  test('needs the permission of its handler too', async () => {
    const { admit, contextFor } = admitting({ permit: () => Promise.reject(denied) });
    await assert.rejects(async () => admit(contextFor('permitted')), { status: 403 });
    assert.equal(admit(contextFor('guarded')), true);
  });

  test('whose token is nowhere is refused, and told', async () => {
    const { admit, lines, contextFor } = admitting({
      toCall: () => {
        throw new UnknownContextError('nowhere');
      },
    });
    await assert.rejects(async () => admit(contextFor('guarded')), { status: 500 });
    assert.deepEqual(lines, ['nowhere. The call is refused']);
  });

  test('of the MCP server is decided by its guard, with the message that was read or can be', async () => {
    const admitted: { raw: unknown; response: unknown; read(): unknown }[] = [];
    let answer: unknown = { principal: anna };
    const part = {
      loading: Promise.resolve({
        admit: async (_call: unknown, _out: unknown, on: never) => admitted.push(on) && answer,
        readMessage: async (request: unknown) => ['read', request],
      }),
    };
    const { admit, contextFor } = admitting({ mcp: part });
    const [request, response] = [{ headers: {} }, {}];
    assert.equal(await admit(contextFor('mcp', 'http', request, response)), true);
    assert.deepEqual([admitted[0]?.raw, admitted[0]?.response], [request, response]);
    assert.deepEqual(await admitted[0]?.read(), ['read', request]);
    const fastify = { headers: {}, raw: {}, body: { method: 'ping' } };
    const reply = { raw: {} };
    await admit(contextFor('mcp', 'http', fastify, reply));
    assert.equal(admitted[1]?.raw, fastify.raw);
    assert.equal(admitted[1]?.response, reply.raw);
    assert.deepEqual(await admitted[1]?.read(), { method: 'ping' });
    answer = { status: 400, headers: {}, setCookies: [], body: '{"detail":"no"}' };
    await assert.rejects(async () => admit(contextFor('mcp')), { status: 400 });
    answer = null;
    await assert.rejects(async () => admit(contextFor('mcp')), /The client went away/);
    await assert.rejects(
      async () => admit(contextFor('mcp', 'graphql')),
      /@Mcp\(\) guards handlers of HTTP requests/,
    );
    const without = admitting();
    await assert.rejects(
      async () => without.admit(without.contextFor('mcp')),
      /by the option mcp of KeycloakModule/,
    );
  });
});
