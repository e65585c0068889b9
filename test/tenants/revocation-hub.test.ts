import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Revocation, RevocationStore } from '../../packages/guard/src/core/index.ts';
import { createRevocationHub, toSharedIssuer } from '../../packages/guard/src/tenants/revocation-hub.ts';

const ISSUER = 'https://sso.example.com/realms/acme';
const OTHER = 'https://sso.example.com/realms/other';

/** A hub, and a store to which another process writes. */
function start() {
  let receive = (_: Revocation) => {};
  let left = 0;
  const store = {
    rememberSeconds: 60,
    subscribe(listener: typeof receive) {
      receive = listener;
      return () => void left++;
    },
  } as unknown as RevocationStore;
  const hub = createRevocationHub(store);
  let number = 0;
  const session = (issuer: string): Revocation => ({ type: 'session', issuer, sessionId: `s${number++}` });
  const seen: string[] = [];
  function join(tenant: string, issuer = ISSUER) {
    const of = hub.of(tenant, issuer);
    const end = of.listen((one) => void seen.push(`${tenant} ${one.issuer}`));
    return { ...of, end };
  }
  return {
    ...{ hub, session, join, left: () => left },
    tell: (issuer: string) => receive(session(issuer)),
    seen: () => seen.splice(0),
  };
}

test('what ends at one tenant is no news to another, though both name one issuer, and news but once', () => {
  const { join, session, seen } = start();
  const [one, two] = [join('one'), join('two')];
  assert.deepEqual([one.log.size(), one.isShared], [0, true]);
  const ended = session(ISSUER);
  assert.deepEqual([one.add(ended), one.add(ended)], [true, false]);
  assert.deepEqual(seen(), [`one ${ISSUER}`]);
  assert.deepEqual([one.log.get('session', ISSUER, 's0'), one.log.size()], [ended, 1]);
  assert.deepEqual([two.log.get('session', ISSUER, 's0'), two.log.size()], [undefined, 0]);
});

test('of what other processes write, a tenant hears its own, and that of its issuer from those without tenants', () => {
  const { hub, join, tell, seen } = start();
  const [one] = [join('one'), join('two'), join('three', OTHER)];
  for (const [issuer, heard] of [
    [toSharedIssuer('two', ISSUER), [`two ${ISSUER}`]],
    [ISSUER, [`one ${ISSUER}`, `two ${ISSUER}`]],
    [OTHER, [`three ${OTHER}`]],
    ['[', []],
    ['["one"]', []],
    [`[7,"${ISSUER}"]`, []],
    ['["one",7]', []],
    ['null', []],
  ] as const) {
    tell(issuer);
    assert.deepEqual(seen(), heard, issuer);
  }
  assert.equal(one.log.size(), 1);
  const later = hub.of('four', ISSUER);
  assert.deepEqual([later.log.size(), later.log.get('session', ISSUER, 's1')?.issuer], [1, ISSUER]);
});

test('a tenant that left hears nothing, and keeps nothing of its issuer; who else listens goes on', () => {
  const { join, tell, seen, hub, left } = start();
  const [one, again, two] = [join('one'), join('one'), join('two')];
  one.end();
  tell(ISSUER);
  assert.deepEqual(seen(), [`one ${ISSUER}`, `two ${ISSUER}`]);
  again.end();
  tell(ISSUER);
  tell(toSharedIssuer('one', ISSUER));
  assert.deepEqual(seen(), [`two ${ISSUER}`]);
  assert.equal(one.log.size(), 2, 'what was written for it alone, and no other');
  const back = join('one');
  again.end();
  tell(ISSUER);
  assert.deepEqual(seen().sort(), [`one ${ISSUER}`, `two ${ISSUER}`]);
  for (const each of [back, two]) each.end();
  tell(ISSUER);
  assert.deepEqual(seen(), []);
  assert.equal(left(), 0);
  hub.close();
  assert.equal(left(), 1);
});

test('revocations are kept as long as the store keeps them, or as tokens of that realm live', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const { hub, join, session } = start();
  const tenants = [
    [join('one'), 60, 1],
    [join('two'), 120, 2],
  ] as const;
  for (const [{ log, add }, seconds, kept] of tenants) {
    now = 0;
    log.keepFor(seconds);
    add(session(ISSUER));
    now = 60_001;
    add(session(ISSUER));
    assert.equal(log.size(), kept, `${seconds} s`);
  }
  hub.close();
  const alone = createRevocationHub();
  assert.equal(alone.of('one', ISSUER).isShared, false);
  alone.close();
});
