import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBreaker } from '../../packages/guard/src/core/realm/breaker.ts';

test('a question of the API itself that is too large for ever concerns nobody else', () => {
  const breaker = createBreaker();
  for (const kind of ['cut', 'unusable'] as const)
    assert.equal(breaker.failed(undefined, kind, 0), false, kind);
  assert.equal(breaker.isOpen, false);
  assert.equal(breaker.isSlowFor('somebody'), false);
});

test('a question of the API itself without an answer in time concerns everybody', () => {
  for (const kind of ['unreachable', 'late'] as const) {
    const breaker = createBreaker();
    assert.equal(breaker.failed(undefined, kind, 0), true, kind);
    assert.equal(breaker.isOpen, true, kind);
    assert.equal(breaker.isSlowFor('somebody'), true, kind);
    breaker.answered();
    assert.equal(breaker.isOpen, false, kind);
  }
});

test('the expensive account of one user is slow for that user alone, until a second user sees the same', () => {
  const breaker = createBreaker();
  assert.equal(breaker.failed('one', 'late', 0), false);
  assert.equal(breaker.failed('one', 'cut', 0), false);
  assert.deepEqual(
    [breaker.isSlowFor('one'), breaker.isSlowFor('other'), breaker.isOpen],
    [true, false, false],
  );
  assert.equal(breaker.failed('other', 'late', 0), true);
  assert.deepEqual([breaker.isSlowFor('third'), breaker.isOpen], [true, true]);
});

test('a second user without an answer says nothing of Keycloak if somebody got one meanwhile', () => {
  const breaker = createBreaker();
  const { answers } = breaker;
  breaker.answered();
  assert.equal(breaker.failed('one', 'late', answers), false);
  assert.equal(breaker.failed('other', 'late', answers), false);
  assert.equal(breaker.isOpen, false);
});
