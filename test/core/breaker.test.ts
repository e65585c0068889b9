import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBreaker } from '../../packages/guard/src/core/realm/outage.ts';

test('a question of the API itself that is too large for ever concerns nobody else', () => {
  const breaker = createBreaker();
  for (const kind of ['cut', 'unusable'] as const)
    assert.equal(breaker.failed(undefined, kind, 0), false, kind);
  assert.equal(breaker.isOpen(), false);
  assert.equal(breaker.isSlowFor('somebody'), false);
});

test('a question of the API itself without an answer in time concerns everybody', () => {
  for (const kind of ['unreachable', 'late'] as const) {
    const breaker = createBreaker();
    assert.equal(breaker.failed(undefined, kind, 0), true, kind);
    assert.equal(breaker.isOpen(), true, kind);
    assert.equal(breaker.isSlowFor('somebody'), true, kind);
    breaker.answered();
    assert.equal(breaker.isOpen(), false, kind);
  }
});

test('the expensive account of one user is slow for that user alone, until a second user sees the same', () => {
  const breaker = createBreaker();
  assert.equal(breaker.failed('one', 'late', 0), false);
  assert.equal(breaker.failed('one', 'cut', 0), false);
  assert.deepEqual(
    [breaker.isSlowFor('one'), breaker.isSlowFor('other'), breaker.isOpen()],
    [true, false, false],
  );
  assert.equal(breaker.failed('other', 'late', 0), true);
  assert.deepEqual([breaker.isSlowFor('third'), breaker.isOpen()], [true, true]);
});

test('a question of the API itself between theirs does not hide that two users saw the same', () => {
  const breaker = createBreaker();
  breaker.slow('one', 0);
  breaker.slow(undefined, 0);
  assert.equal(breaker.failed('other', 'late', 0), true);
});

test('a second user without an answer says nothing of Keycloak if somebody got one meanwhile', () => {
  const breaker = createBreaker();
  const answers = breaker.answers();
  breaker.answered();
  assert.equal(breaker.failed('one', 'late', answers), false);
  assert.equal(breaker.failed('other', 'late', answers), false);
  assert.equal(breaker.isOpen(), false);
});

test('after a pause one call probes, and after a longer silence those who come find out together', () => {
  let now = 100_000;
  const breaker = createBreaker(() => now);
  breaker.begin();
  breaker.failed(undefined, 'unreachable', 0);
  const opened = now;
  const at = (sinceOpened: number) => {
    now = opened + sinceOpened;
    return breaker.isOpen();
  };
  assert.deepEqual([at(0), at(1_999), at(2_000)], [true, true, false]);
  breaker.begin();
  assert.deepEqual([at(2_001), at(2_999), at(3_000)], [true, true, false]);
  now = opened + 9_500;
  breaker.begin();
  assert.deepEqual([at(9_999), at(10_000)], [true, false]);
  // A clock that was set back.
  assert.equal(at(-1), false);
  now = opened;
  breaker.answered(false);
  assert.deepEqual([breaker.isOpen(), breaker.isSlowFor('somebody')], [false, true]);
  breaker.answered();
  assert.equal(breaker.isSlowFor('somebody'), false);
});

test('"slow" is forgotten after ten seconds, and a slow user of before is no second one', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const breaker = createBreaker();
  breaker.slow('one', 0);
  breaker.slow('one', 0);
  now = 9_999;
  assert.deepEqual([breaker.isSlowFor('one'), breaker.isSlowFor(undefined)], [true, false]);
  now = 10_000;
  assert.equal(breaker.isSlowFor('one'), false);
  assert.equal(breaker.failed('other', 'late', 0), false);
  assert.equal(breaker.failed('one', 'late', 0), true);
});
