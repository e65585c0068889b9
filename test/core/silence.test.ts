import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  failureKindOf,
  failureKindOfAnswer,
  markFailure,
} from '../../packages/guard/src/core/realm/fetch-json.ts';

const answer = (status: number, body = '') => failureKindOfAnswer({ status, body, headers: new Headers() });

test('a 5xx without JSON is a proxy without Keycloak behind it, 504 is late, and the rest is Keycloak', () => {
  assert.deepEqual(
    [answer(504), answer(504, '{}'), answer(500, '<html>'), answer(500, '{"error":"x"}'), answer(499)],
    ['late', 'late', 'unreachable', 'unusable', 'unusable'],
  );
});

test('an error that no call marked says nothing about Keycloak', () => {
  assert.equal(failureKindOf(new Error('a file cannot be read')), 'unusable');
  assert.equal(failureKindOf(markFailure(new Error('x'), 'late')), 'late');
});
