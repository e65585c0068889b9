// With which exception a call is refused, by its kind, and what the module's options come to, without an application.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  BadRequestException,
  type ExecutionContext,
  ForbiddenException,
  HttpException,
  InternalServerErrorException,
  Logger,
  NotFoundException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { RpcException } from '@nestjs/microservices';
import { WsException } from '@nestjs/websockets';
import {
  AnswerError,
  decide,
  PageFilter,
  refuse,
  refuseUnknown,
} from '../../packages/guard/src/adapters/nest/decide.ts';
import {
  createNestLog,
  splitOptions,
  toCallOptions,
  toCallParts,
} from '../../packages/guard/src/adapters/nest/options.ts';
import { KeycloakService } from '../../packages/guard/src/adapters/nest/service.ts';
import { UnknownContextError } from '../../packages/guard/src/adapters/nest/to-call.ts';
import { AuthError, OptionsError } from '../../packages/guard/src/core/index.ts';

const contextOf = (kind: string): ExecutionContext => {
  const context = new ExecutionContextHost([{ headers: {} }, {}]);
  context.setType(kind);
  return context as ExecutionContext;
};
const answerOf = (status: number, body: string | undefined = '{"detail":"no"}') => ({
  ...{ status, body, setCookies: ['c=1'] },
  headers: { 'content-type': 'application/json', 'x-a': '1' },
});
const denied = new AuthError('role_missing', 'no');

/** Refuses a call with an answer. */
async function refusal(kind: string, answer: object | undefined, error: unknown = denied) {
  const added: unknown[] = [];
  const call = { addToAnswer: (extra: object) => void added.push(extra) };
  const engine = { refusalOf: () => answer };
  try {
    await refuse(engine as never, error, contextOf(kind), call as never);
  } catch (exception) {
    return { exception: exception as HttpException & { extensions?: unknown; cause: unknown }, added };
  }
  throw new Error('let in');
}

describe('a refused call', () => {
  test('over HTTP gets Nest’s own exception for its status, and the headers of the answer', async () => {
    for (const [status, type, message] of [
      [400, BadRequestException, 'Bad Request'],
      [401, UnauthorizedException, 'Unauthorized'],
      [403, ForbiddenException, 'Forbidden'],
      [404, NotFoundException, 'Not Found'],
      [500, InternalServerErrorException, 'Internal Server Error'],
      [503, ServiceUnavailableException, 'Service Unavailable'],
      [429, HttpException, 'Too Many Requests'],
    ] as const) {
      const { exception, added } = await refusal('http', answerOf(status));
      assert.ok(exception instanceof type);
      assert.deepEqual([exception.getStatus(), exception.message], [status, message]);
      assert.deepEqual(exception.getResponse(), { detail: 'no' });
      assert.equal(exception.cause, denied);
      assert.equal('extensions' in exception, false);
      assert.deepEqual(added, [{ headers: { 'x-a': '1' }, setCookies: ['c=1'] }]);
    }
    const { exception } = await refusal('http', { ...answerOf(403), body: undefined });
    assert.deepEqual(exception.getResponse(), {});
    assert.match((await refusal('http', answerOf(599))).exception.message, /\w/);
  });

  test('of GraphQL gets the code of its status, and cookies alone', async () => {
    const { exception, added } = await refusal('graphql', answerOf(401));
    assert.ok(exception instanceof UnauthorizedException);
    assert.deepEqual(exception.extensions, { code: 'UNAUTHENTICATED' });
    assert.deepEqual(added, [{ headers: {}, setCookies: ['c=1'] }]);
  });

  test('of a message gets the exception of its transport, and no headers', async () => {
    for (const [kind, type] of [
      ['ws', WsException],
      ['rpc', RpcException],
    ] as const) {
      const { exception, added } = await refusal(kind, answerOf(403));
      assert.ok((exception as unknown) instanceof type);
      const error = (exception as unknown as WsException).getError();
      assert.deepEqual(error, { status: 'error', code: 'FORBIDDEN', detail: 'no' });
      assert.equal(exception.cause, denied);
      assert.deepEqual(added, []);
    }
  });

  test('gets what a guard answers instead, and any other error as it is', async () => {
    const { exception } = await refusal('http', undefined, new AnswerError(answerOf(400)));
    assert.ok(exception instanceof BadRequestException);
    const fault = new Error('a fault');
    assert.equal((await refusal('http', undefined, fault)).exception as Error, fault);
  });

  test('of a person gets a page, where no filter of the application answers', async () => {
    const page = { ...answerOf(403), headers: { 'content-type': 'text/html' }, body: '<p>' };
    const sent: unknown[] = [];
    const httpAdapter = {
      setHeader: (_response: object, name: string, value: string) => void sent.push([name, value]),
      reply: (_response: object, body: string, status: number) => void sent.push([status, body]),
    };
    const filter = new PageFilter({ httpAdapter } as never);
    const [condition] = Reflect.getMetadata('__filterCatchExceptions__', PageFilter) as [never];
    const { exception, added } = await refusal('http', page);
    // A program, or a filter, finds what everybody gets.
    assert.deepEqual(exception.getResponse(), { detail: 'Not enough permissions' });
    const headers = { 'www-authenticate': 'Bearer error="insufficient_scope"' };
    assert.deepEqual(added, [{ headers, setCookies: ['c=1'] }]);
    assert.equal((exception as unknown) instanceof condition, true);
    filter.catch(exception, contextOf('http'));
    assert.deepEqual(sent, [
      ['content-type', 'text/html'],
      [403, '<p>'],
    ]);
    for (const [kind, answer, error] of [
      ['graphql', page, denied],
      ['http', answerOf(403), denied],
      ['http', page, new AnswerError(answerOf(403))],
    ] as const)
      assert.equal(
        ((await refusal(kind, answer, error)).exception as unknown) instanceof condition,
        false,
        kind,
      );
  });

  test('whose token cannot be located is a fault here, in the log', async () => {
    for (const [kind, type] of [
      ['telegraf', InternalServerErrorException],
      ['http', InternalServerErrorException],
      ['rpc', RpcException],
    ] as const) {
      const lines: string[] = [];
      const log = { error: (_: object, line: string) => void lines.push(line) };
      const error = new UnknownContextError('It is nowhere');
      await assert.rejects(
        refuseUnknown(error, contextOf(kind), log),
        (exception) => (exception as unknown) instanceof type,
      );
      assert.deepEqual(lines, ['It is nowhere. The call is refused']);
    }
    const fault = new Error('a fault');
    assert.throws(() => refuseUnknown(fault, contextOf('http'), { error: () => assert.fail() }), fault);
  });

  test('is decided by the guard first, then by the permission, and the caller is told once both grant it', async () => {
    const anna = { username: 'anna' };
    const steps = async (guard: () => unknown, permit?: () => unknown) => {
      const seen: unknown[] = [];
      const check = { guard: { decide: guard }, permit };
      const call = { addToAnswer() {} };
      const engine = { refusalOf: () => answerOf(403) };
      try {
        const decided = decide(engine as never, check as never, contextOf('http'), call as never, (who) =>
          seen.push(who),
        );
        seen.push(decided instanceof Promise ? 'later' : 'at once');
        seen.push(await decided);
      } catch (error) {
        seen.push((error as HttpException).getStatus());
      }
      return seen;
    };
    const no = () => Promise.reject(denied);
    const thrown = () => {
      throw denied;
    };
    assert.deepEqual(await steps(() => anna), [anna, 'at once', true]);
    assert.deepEqual(await steps(async () => anna), ['later', anna, true]);
    assert.deepEqual(
      await steps(
        () => null,
        () => undefined,
      ),
      [null, 'at once', true],
    );
    assert.deepEqual(
      await steps(
        () => anna,
        async () => undefined,
      ),
      ['later', anna, true],
    );
    for (const refusing of [no, thrown]) {
      assert.deepEqual((await steps(refusing)).at(-1), 403);
      assert.deepEqual(
        (await steps(() => anna, refusing)).filter((one) => one !== 'later'),
        [403],
      );
      assert.deepEqual(
        (await steps(async () => anna, refusing)).filter((one) => one !== 'later'),
        [403],
      );
    }
    const check = { guard: { decide: () => anna } };
    assert.equal(decide({} as never, check as never, contextOf('http'), {} as never), true);
  });
});

function toLines(t: TestContext) {
  const lines: unknown[] = [];
  for (const level of ['log', 'warn', 'error'] as const)
    t.mock.method(Logger.prototype, level, (...given: unknown[]) => void lines.push([level, ...given]));
  return lines;
}

describe('the options of the module', () => {
  test('are checked by their names and kinds', () => {
    const own = { serverUrl: 'http://localhost', realm: 'a', clientId: 'b' };
    const problemsOf = (more: object) => {
      try {
        const { nest, rest } = splitOptions({ ...own, ...more } as never);
        assert.deepEqual(nest, more);
        assert.deepEqual(rest, own);
        return [];
      } catch (error) {
        assert.ok(error instanceof OptionsError);
        return error.problems.map(({ option }) => option);
      }
    };
    const read = () => 'token';
    for (const good of [
      {},
      ...[true, false, {}].map((backchannelLogout) => ({ backchannelLogout })),
      ...[{}, { graphql: read, ws: undefined, rpc: read }].map((tokenFrom) => ({ tokenFrom })),
      ...['session', 'protectedResource', 'mcp', 'permissions', 'loginLimits'].map((name) => ({
        [name]: {},
      })),
      { securityScheme: 'keycloak' },
    ])
      assert.deepEqual(problemsOf(good), [], JSON.stringify(good));
    for (const wrong of [
      ...['yes', null].map((backchannelLogout) => ({ backchannelLogout })),
      ...[null, read, { http: read }, { ws: 'token' }, { ws: read, rpc: null }].map((tokenFrom) => ({
        tokenFrom,
      })),
      ...['session', 'protectedResource', 'mcp', 'permissions', 'loginLimits'].flatMap((name) =>
        [null, true, 'text'].map((one) => ({ [name]: one })),
      ),
      ...['', 7].map((securityScheme) => ({ securityScheme })),
    ])
      assert.deepEqual(problemsOf(wrong), Object.keys(wrong), JSON.stringify(wrong));
    assert.throws(() => new KeycloakService(undefined as never), OptionsError);
  });

  test('have a scheme for documents, and say whether there is an MCP server', async () => {
    const own = { serverUrl: 'http://localhost', realm: 'a', clientId: 'b', onNotice: false } as const;
    const services = [{}, { securityScheme: 'keycloak' }, { mcp: { url: 'http://localhost/mcp' } }].map(
      (more) => new KeycloakService({ ...own, ...more }),
    );
    assert.deepEqual(
      services.map(({ securityScheme, servesMcp }) => [securityScheme, servesMcp]),
      [
        ['bearer', false],
        ['keycloak', false],
        ['bearer', true],
      ],
    );
    // What is not turned on needs no platform of a kind.
    const platform = {
      getType: () => 'of another kind',
      getHttpServer: () => ({ listenerCount: () => 0, on() {} }),
    };
    services[0]?.mount(platform as never);
    assert.throws(
      () => services[2]?.mount(platform as never),
      /need Express or Fastify; this is of another kind/,
    );
    await Promise.all(services.map((one) => one.close()));
  });

  test('name listeners, which get Nest’s context or the platform’s request', async () => {
    const heard: unknown[] = [];
    const note = (...given: unknown[]) => void heard.push(given);
    const [context, request] = [contextOf('http'), { headers: {} }];
    const call = { context, request } as never;
    const { onDenied } = toCallOptions({ onDenied: note } as never) as {
      onDenied: (...given: unknown[]) => void;
    };
    onDenied(call, denied, null);
    assert.equal((toCallOptions({} as never) as { onDenied?: unknown }).onDenied, undefined);
    const parameters = (given: unknown) => ({ given });
    const settings = { secret: 's', onEvent: note, onLogin: note, authorizationParameters: parameters };
    const { session } = toCallParts({ session: settings } as never);
    const { onEvent, onLogin, authorizationParameters, secret } = session as never as Record<
      string,
      (...given: unknown[]) => unknown
    >;
    onEvent?.('event', call);
    onEvent?.('event', null);
    onLogin?.('principal', call);
    assert.deepEqual(authorizationParameters?.(call), { given: request });
    assert.equal(secret as unknown, 's');
    assert.deepEqual(heard, [
      [context, denied, null],
      ['event', request],
      ['event', null],
      ['principal', request],
    ]);
    const plain = toCallParts({
      session: { secret: 's', authorizationParameters: { a: 'b' } },
    } as never).session;
    assert.deepEqual(plain, {
      secret: 's',
      onEvent: undefined,
      onLogin: undefined,
      authorizationParameters: { a: 'b' },
    });
    for (const [given, taken] of [
      [undefined, false],
      [false, false],
      [true, {}],
      [{ path: '/x' }, { path: '/x' }],
    ] as const)
      assert.deepEqual(toCallParts({ backchannelLogout: given } as never).backchannelLogout, taken);
    assert.equal(toCallParts({}).session, undefined);
  });

  test('without a log write to Nest’s, a line each', (t) => {
    const lines = toLines(t);
    const log = createNestLog();
    const err = new Error('a fault');
    log.info({}, 'plain');
    log.info({ code: 'keys_loaded', count: 2, list: [1], none: undefined }, 'more');
    log.warn({ fix: 'Do it' }, 'mended');
    log.warn({ code: 'a', fix: 'Do it', err }, 'all');
    log.error({ err }, 'failed');
    log.error({}, 'alone');
    assert.deepEqual(lines, [
      ['log', 'plain'],
      ['log', 'more (code: keys_loaded, count: 2)'],
      ['warn', 'mended – Do it'],
      ['warn', 'all (code: a, a fault) – Do it'],
      ['error', 'failed (a fault)', err.stack],
      ['error', 'alone', undefined],
    ]);
  });
});
