import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError } from '../../packages/guard/src/core/index.ts';
import { toRefusalAnswer } from '../../packages/guard/src/core/internal.ts';

const TYPE = { 'content-type': 'application/json; charset=utf-8' };

test('a refusal says no more than its detail, unless it is to be explained', () => {
  const error = new AuthError('token_audience', 'The token is for another', {
    expected: 'aud a',
    seen: 'aud ü',
  });
  const { headers, ...answer } = toRefusalAnswer(error);
  assert.deepEqual(answer, {
    status: 401,
    setCookies: [],
    body: '{"detail":"Could not validate credentials"}',
  });
  assert.deepEqual(headers, { ...error.headers, ...TYPE });

  const explained = toRefusalAnswer(error, true);
  assert.equal(
    explained.headers['x-auth-error'],
    'token_audience: The token is for another; expected aud a; seen aud ?',
  );
  assert.deepEqual(JSON.parse(explained.body ?? ''), {
    detail: 'Could not validate credentials',
    code: 'token_audience',
    reason: 'The token is for another',
    expected: 'aud a',
    seen: 'aud ü',
  });
});

test('where there is nothing to compare, the explanation ends with the reason', () => {
  const { headers } = toRefusalAnswer(new AuthError('missing_token', 'There is none'), true);
  assert.equal(headers['x-auth-error'], 'missing_token: There is none');
});

test('a page that is sent on has no body', () => {
  const headers = { location: '/auth/login' };
  const answer = toRefusalAnswer(new AuthError('step_up_redirect', 'too weak', { headers }), true);
  assert.deepEqual(answer, { status: 303, headers, setCookies: [], body: undefined });
});
