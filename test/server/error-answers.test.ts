import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { onClientError, sendFrameworkError } from '../../packages/server/src/http/error-handler.ts';
import { shareTestApp } from './service.ts';

const HIDDEN = 'Internal Server Error';

describe('a request that fails', () => {
  let failure: Error;
  const shared = shareTestApp({}, (app) => {
    const fail = async () => {
      throw failure;
    };
    app.get('/fails', fail);
    app.post('/fails', fail);
  });

  for (const [statusCode, status, detail] of [
    [undefined, 500, HIDDEN],
    [399, 500, HIDDEN],
    [400, 400, 'There was an error parsing the body'],
    [413, 413, 'Content Too Large'],
    [418, 418, "I'm a Teapot"],
    [499, 499, 'Bad Request'],
    [500, 500, HIDDEN],
    [503, 500, HIDDEN],
  ] as const) {
    const isOurs = status === 500;
    test(`an error with the status ${statusCode} is answered as ${status}, with the id of its line of the log`, async () => {
      const { app, log } = shared;
      log.clear();
      failure = Object.assign(new Error('the pool is empty'), {
        code: 'E_POOL',
        ...(statusCode && { statusCode }),
      });
      const answer = await app.inject('/fails');
      assert.deepEqual([answer.statusCode, answer.json()], [status, { detail }]);
      assert.equal(answer.headers['cache-control'], 'no-store');
      const id = answer.headers['x-request-id'];
      assert.match(String(id), /^[\da-f]{8}-/);
      const lines = log.lines().filter(({ msg }) => /^request (not understood|failed)$/.test(String(msg)));
      assert.deepEqual(
        lines.map(({ level, reqId, code, msg }) => [level, reqId, code, msg]),
        isOurs
          ? [['error', id, undefined, 'request failed']]
          : [['info', id, 'E_POOL', 'request not understood']],
      );
    });
  }

  for (const [code, level] of [
    ['token_expired', 'debug'],
    ['provider_unavailable', 'warn'],
    ['provider_misconfigured', 'error'],
  ] as const) {
    test(`a request that ends with ${code} has a line at ${level}, with what the answer does not say`, async () => {
      const { app, log } = shared;
      log.clear();
      const error = new AuthError(code, 'a reason for us alone', { expected: 'api', seen: 'account' });
      failure = error;
      const answer = await app.inject('/fails');
      assert.deepEqual([answer.statusCode, answer.json()], [error.statusCode, { detail: error.detail }]);
      const lines = log.lines().filter(({ msg }) => msg === 'a reason for us alone');
      assert.deepEqual(
        lines.map((one) => [one.level, one.reqId, one.code, one.expected, one.seen]),
        [[level, answer.headers['x-request-id'], code, 'api', 'account']],
      );
    });
  }

  test('what a request brings along as a secret is not in the log, whatever an error says', async () => {
    const { app, log } = shared;
    log.clear();
    failure = new Error('could not store pass-7f31 refresh-88aa token-52bd');
    const fail = async (payload: object) =>
      app.inject({ method: 'POST', url: '/fails', headers: { authorization: 'Bearer token-52bd' }, payload });
    const { statusCode } = await fail({ password: 'pass-7f31', refresh_token: 'refresh-88aa' });
    assert.equal(statusCode, 500);
    assert.match(log.text(), /request failed/);
    assert.doesNotMatch(log.text(), /pass-7f31|refresh-88aa|token-52bd/);
    assert.equal((await fail({ password: 5, refresh_token: null })).statusCode, 500);
  });
});

for (const [statusCode, status, detail] of [
  [undefined, 500, HIDDEN],
  [500, 500, HIDDEN],
  [499, 400, 'Bad Request'],
] as const) {
  test(`before any route, an error with the status ${statusCode} is answered as ${status}`, () => {
    const answer: Record<string, unknown> = {};
    const reply = {
      header: (name: string, value: unknown) => {
        answer[name] = value;
        return reply;
      },
      headers: () => reply,
      removeHeader: () => reply,
      code: (code: number) => ({ send: (body: unknown) => Object.assign(answer, { code, body }) }),
    };
    const error = { statusCode } as unknown as FastifyError;
    sendFrameworkError(error, { id: 'r-1' } as FastifyRequest, reply as unknown as FastifyReply);
    assert.deepEqual([answer.code, answer.body, answer['x-request-id']], [status, { detail }, 'r-1']);
  });
}

for (const [code, writable, answer] of [
  ['ECONNRESET', true, undefined],
  ['HPE_INVALID_METHOD', false, undefined],
  ['HPE_INVALID_METHOD', true, '400 Bad Request'],
  ['ERR_HTTP_REQUEST_TIMEOUT', true, '408 Request Timeout'],
] as const) {
  test(`a connection with ${code} that ${writable ? 'can' : 'cannot'} be written is ${answer === undefined ? 'closed' : `answered: ${answer}`}`, () => {
    const seen: string[] = [];
    const socket = { writable, destroy: () => seen.push('closed'), end: (text: string) => seen.push(text) };
    onClientError(Object.assign(new Error('x'), { code }), socket as unknown as Socket);
    const body = JSON.stringify({ detail: answer?.slice(4) });
    assert.deepEqual(seen, [
      answer === undefined
        ? 'closed'
        : `HTTP/1.1 ${answer}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    ]);
  });
}
