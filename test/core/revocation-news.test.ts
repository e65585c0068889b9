import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Revocation } from '../../packages/guard/src/core/index.ts';
import {
  createEpoch,
  createRevocationList,
} from '../../packages/guard/src/core/revocation/revocation-list.ts';
import {
  assertRememberSeconds,
  createRevocationLog,
} from '../../packages/guard/src/core/revocation/revocation-log.ts';

const issuer = 'https://sso.example.com/realms/testing';

test('what is heard again by way of others is no news, in whatever order; first hand, each change is a reason to ask', () => {
  const list = createRevocationList(createEpoch());
  const change = (setAt: number): Revocation => ({
    ...{ type: 'change', issuer, subject: 'u1', effect: 'ask', issuedUntil: Math.floor(setAt), setAt },
  });
  const token = { iss: issuer, sub: 'u1', iat: 1000 };
  const since = () => list.judge(token)?.since;
  const [first, second] = [change(2000.1), change(2000.4)];
  assert.deepEqual(
    [first, second, first, second, change(1999)].map((one) => list.add({ ...one })),
    [true, true, false, false, false],
  );
  assert.equal(since(), 2);
  // Other processes need not be told of it: where they keep to the events, they hear of it themselves.
  assert.equal(list.add(change(1999), true), false);
  assert.equal(since(), 3);
  assert.equal(list.add({ ...second }, true), false);
  assert.equal(since(), 3);
  assert.equal(list.judge({ ...token, iat: 2000 })?.since, 3, 'what was known is still known');
});

test('of two about the same the one that says more is in force; first hand, one that says less is a reason to ask again', () => {
  const recheck = (issuedUntil: number, setAt: number): Revocation => ({
    ...{ type: 'recheck', issuer, issuedUntil, setAt },
  });
  const session = (endedAt: number): Revocation => ({ type: 'session', issuer, sessionId: 's1', endedAt });
  const start = (first: Revocation) => {
    const log = createRevocationLog();
    assert.equal(log.add(first), first);
    return log;
  };
  for (const [first, second, isFirstHand, expected] of [
    [recheck(100, 50), recheck(101, 40), false, 'after'],
    [recheck(100, 50), recheck(100, 51), false, 'after'],
    [recheck(100, 50), recheck(100, 50), true, 'none'],
    [recheck(100, 50), recheck(100, 49), false, 'none'],
    [recheck(100, 50), recheck(100, 49), true, 'again'],
    [recheck(100, 50), recheck(99, 60), false, 'none'],
    [recheck(100, 50), recheck(99, 60), true, 'again'],
    [recheck(100, 50), recheck(99, 50), true, 'again'],
    [session(100), session(101), false, 'after'],
    [session(100), session(99), true, 'none'],
  ] as const) {
    const log = start(first);
    const news = log.add(second, isFirstHand);
    const what = news === second ? 'after' : news === undefined ? 'none' : 'again';
    assert.equal(what, expected, JSON.stringify([first, second, isFirstHand]));
    if (what === 'again') assert.deepEqual(news, first);
    assert.deepEqual([...log.all()], [what === 'after' ? second : first]);
  }
});

/** A log that keeps two, for ten seconds. */
function startLog() {
  let now = 0;
  const log = createRevocationLog(() => now, 10, 2);
  const add = (id: string) => log.add({ type: 'session', issuer, sessionId: id, endedAt: 1 });
  const kept = () => [...'abcd'].filter((id) => log.get('session', issuer, id) !== undefined).join('');
  const pass = (ms: number) => {
    now += ms;
  };
  return { log, add, kept, pass };
}

test('they are kept for as long as was said, or longer where a token lives longer', () => {
  const { log, add, kept, pass } = startLog();
  add('a');
  pass(10_000);
  add('b');
  assert.equal(kept(), 'ab');
  pass(1);
  add('b');
  assert.equal(kept(), 'b');
  log.keepFor(5);
  pass(10_000);
  add('c');
  assert.equal(kept(), 'bc');
  log.keepFor(20);
  pass(10_000);
  add('c');
  assert.equal(kept(), 'bc');
  pass(1);
  add('c');
  assert.equal(kept(), 'c');
});

test('so many are kept as was said; what is said again counts as the newest', () => {
  const { add, kept } = startLog();
  for (const id of 'abac') add(id);
  assert.equal(kept(), 'ac');
});

test('a not-before is kept apart from them, whatever its age, and bounded in the same way', () => {
  const { log, add, kept, pass } = startLog();
  for (const id of 'ab') add(id);
  const set = (clientId: string, notBefore: number) =>
    log.add({ type: 'not-before', issuer, clientId, notBefore });
  set('x', 1);
  set('y', 1);
  set('x', 2);
  set('z', 1);
  pass(60_000);
  const clients = ['x', 'y', 'z'].filter((id) => log.get('not-before', issuer, id) !== undefined);
  assert.deepEqual([kept(), clients, log.size()], ['ab', ['x', 'z'], 4]);
});

test('the time for which they are kept is a positive number', () => {
  for (const wrong of [0, -1, Number.NaN, '10', null]) {
    assert.throws(() => assertRememberSeconds(wrong), RangeError, String(wrong));
  }
  assertRememberSeconds(0.1);
});
