import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessionEmitter, type OnSessionEvent } from '../../packages/guard/src/session/events.ts';
import type { SessionRequest } from '../../packages/guard/src/session/index.ts';

const tokenOf = (claims: object) =>
  [{ alg: 'RS256' }, claims, {}]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');

/** A request, with what is logged for it. */
function createRequest() {
  const errors: unknown[] = [];
  const log = { error: (fields: { err: unknown }, text: string) => void errors.push([fields.err, text]) };
  return {
    errors,
    request: { method: 'GET', url: '/', headers: {}, source: 'source', log } as never as SessionRequest,
  };
}

test('an event says whose session it is, as far as the token says it', () => {
  const seen: unknown[] = [];
  const emit = createSessionEmitter((...event) => void seen.push(event));
  const { request, errors } = createRequest();
  emit('started', 'login', request, tokenOf({ preferred_username: 'anna', sub: 'u1', sid: 's1' }));
  emit('ended', 'logout', null, tokenOf({ preferred_username: 7 }));
  emit('login_failed', 'cancelled', { ...request, source: undefined });
  const nobody = { username: null, subject: null, sessionId: null };
  assert.deepEqual(seen, [
    [{ type: 'started', reason: 'login', username: 'anna', subject: 'u1', sessionId: 's1' }, 'source'],
    [{ type: 'ended', reason: 'logout', ...nobody }, null],
    [{ type: 'login_failed', reason: 'cancelled', ...nobody }, null],
  ]);
  assert.deepEqual(errors, []);
  createSessionEmitter(undefined)('started', 'login', request);
});

test('a listener that fails, at once or later, ends nothing and is logged where there is a request', async () => {
  const error = new Error('no database');
  const listeners: OnSessionEvent[] = [
    () => {
      throw error;
    },
    () => Promise.reject(error),
  ];
  for (const listener of listeners) {
    const { request, errors } = createRequest();
    const emit = createSessionEmitter(listener);
    emit('started', 'login', request);
    emit('ended', 'expired', null);
    await new Promise(setImmediate);
    assert.deepEqual(errors, [[error, 'onEvent failed']]);
  }
  const { request, errors } = createRequest();
  createSessionEmitter(() => assert.fail('of a token that is none nothing is told'))(
    'started',
    'login',
    request,
    'x',
  );
  assert.equal(errors.length, 1);
});
