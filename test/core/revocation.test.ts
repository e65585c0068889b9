import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryRevocationStore, type Revocation } from '../../packages/guard/src/core/index.ts';
import { createRevocationLog } from '../../packages/guard/src/core/internal.ts';
import {
  createEpoch,
  createRevocationList,
} from '../../packages/guard/src/core/revocation/revocation-list.ts';
import { assertRefused } from '../support/refusal.ts';
import { startLoaded } from '../support/test-realm.ts';

const issuer = 'https://sso.example.com/realms/testing';
const token = { iss: issuer, sid: 's1', sub: 'u1', azp: 'web', jti: 't1', iat: 1000 };
const DAY = 24 * 60 * 60 * 1000;

function start() {
  let now = 1_000_000;
  const epoch = createEpoch();
  const list = createRevocationList(
    epoch,
    createRevocationLog(() => now),
  );
  return {
    epoch,
    list,
    advance: (ms: number) => {
      now += ms;
    },
  };
}

describe('the list of revocations', () => {
  const hits: readonly [string, Revocation][] = [
    ['a session', { type: 'session', issuer, sessionId: 's1' }],
    ['a session, up to the second it ended in', { type: 'session', issuer, sessionId: 's1', endedAt: 1000 }],
    ['a token', { type: 'token', issuer, tokenId: 't1' }],
    ['a user, up to the second of issue', { type: 'user', issuer, subject: 'u1', issuedUntil: 1000 }],
    ['a realm, before a time', { type: 'not-before', issuer, notBefore: 1001 }],
    ['a client, before a time', { type: 'not-before', issuer, clientId: 'web', notBefore: 1001 }],
  ];
  for (const [name, revocation] of hits) {
    it(`hits the token by ${name}, and moves the epoch`, () => {
      const { list, epoch } = start();
      assert.equal(list.judge(token), undefined);
      list.add(revocation);
      assert.deepEqual(list.judge(token), { revocation, verdict: 'refuse', since: 1 });
      assert.equal(epoch.value, 1);
      assert.equal(list.size(), 1);
    });
  }

  const misses: readonly [string, Revocation][] = [
    ['another session', { type: 'session', issuer, sessionId: 's2' }],
    ['another token', { type: 'token', issuer, tokenId: 't2' }],
    ['another user', { type: 'user', issuer, subject: 'u2', issuedUntil: 1000 }],
    ['an earlier token of the user', { type: 'user', issuer, subject: 'u1', issuedUntil: 999 }],
    ['a time that is not after the issue', { type: 'not-before', issuer, notBefore: 1000 }],
    ['another client', { type: 'not-before', issuer, clientId: 'other', notBefore: 2000 }],
    [
      'a time of the client not after the issue',
      { type: 'not-before', issuer, clientId: 'web', notBefore: 1000 },
    ],
    ...hits.map(([name, revocation]): [string, Revocation] => [
      `${name}, of another issuer`,
      { ...revocation, issuer: 'https://other.example.com' },
    ]),
    ['a session with the id of the user', { type: 'session', issuer, sessionId: 'u1' }],
    ['a token with the id of the session', { type: 'token', issuer, tokenId: 's1' }],
  ];
  it('leaves it to Keycloak where a time was lifted, also in the second in which it was set', () => {
    for (const [setAt, liftedAt, verdict] of [
      [5000, 4999, 'refuse'],
      [5000, 5000, 'confirm'],
      [5000, 5001, 'confirm'],
    ] as const) {
      const { list } = start();
      list.add({ type: 'not-before', issuer, notBefore: 2000, setAt });
      list.add({ type: 'not-before', issuer, notBefore: 0, setAt: liftedAt });
      assert.equal(list.judge(token)?.verdict, verdict, `lifted at ${liftedAt}`);
    }
  });

  for (const [name, revocation] of misses) {
    it(`does not hit the token by ${name}`, () => {
      const { list } = start();
      list.add(revocation);
      assert.equal(list.judge(token), undefined);
    });
  }

  const soft: readonly [string, Revocation, 'confirm' | 'ask'][] = [
    ['a session that ended before', { type: 'session', issuer, sessionId: 's1', endedAt: 999.9 }, 'ask'],
    ['a recheck, up to the second of issue', { type: 'recheck', issuer, issuedUntil: 1000 }, 'confirm'],
  ];
  for (const [name, revocation, verdict] of soft) {
    it(`leaves the token to Keycloak by ${name}, and moves the epoch`, () => {
      const { list, epoch } = start();
      list.add(revocation);
      assert.deepEqual(list.judge(token), { revocation, verdict, since: 1 });
      assert.equal(epoch.value, 1);
      assert.equal(list.judge({ ...token, sid: 's2', iat: 1001 }), undefined);
      assert.equal(list.judge({ ...token, iss: 'https://other.example.com' }), undefined);
    });
  }

  it('takes the strictest of several, and the last of those that Keycloak has to be asked about', () => {
    const { list } = start();
    const [session, recheck, user] = [
      ...soft.map(([, one]) => one),
      { type: 'user', issuer, subject: 'u1', issuedUntil: 1000 },
    ] as [Revocation, Revocation, Revocation];
    list.add(recheck);
    list.add(session);
    assert.deepEqual(list.judge(token), { revocation: recheck, verdict: 'confirm', since: 2 });
    assert.deepEqual(list.judge({ ...token, iat: 1001 }), { revocation: session, verdict: 'ask', since: 2 });
    list.add(user);
    assert.deepEqual(list.judge(token), { revocation: user, verdict: 'refuse', since: 3 });
    list.add({ ...recheck, setAt: 2000 } as Revocation);
    assert.equal(list.judge({ ...token, sub: 'u2' })?.since, 4, 'what was said again is asked about again');
  });

  it('never takes back the end of a session by one that was earlier and arrived later', () => {
    const { list } = start();
    const end = (endedAt?: number) => list.add({ type: 'session', issuer, sessionId: 's1', endedAt });
    const verdict = (iat: number) => list.judge({ ...token, iat })?.verdict;
    end(1000);
    end(900);
    assert.deepEqual([verdict(1000), verdict(1001)], ['refuse', 'ask']);
    end(1001);
    assert.deepEqual([verdict(1001), verdict(1002)], ['refuse', 'ask']);
    end();
    end(1002);
    assert.equal(
      verdict(9_999_999_999),
      'refuse',
      'one without a time, as earlier versions wrote it, is for ever',
    );
  });

  it('takes a token without a time of issue for an old one, and one without ids for none', () => {
    const { list } = start();
    list.add({ type: 'not-before', issuer, notBefore: 1 });
    assert.ok(list.judge({ iss: issuer }));
    assert.ok(list.judge({ iss: issuer, iat: '5' }));
    const other = start().list;
    other.add({ type: 'session', issuer, sessionId: 's1' });
    assert.equal(other.judge({ iss: issuer, sid: ['s1'], sub: {}, jti: 1, azp: null }), undefined);
  });

  const policies: readonly [string, [number, number?][], 'refuse' | 'confirm', number][] = [
    ['a later not-before', [[900], [1000]], 'refuse', 1000],
    [
      'no earlier one, however late it arrives',
      [
        [1000, 1000],
        [900, 2000],
      ],
      'refuse',
      1000,
    ],
    [
      'a 0 that was set afterwards, which leaves it to Keycloak',
      [
        [1000, 1000],
        [0, 1000.5],
      ],
      'confirm',
      1000,
    ],
    [
      'no 0 that was set before',
      [
        [1000, 1000],
        [0, 999.5],
      ],
      'refuse',
      1000,
    ],
    ['no 0 of which nobody knows when it was set', [[1000, 1000], [0]], 'refuse', 1000],
    ['a 0 after one of which nobody knows when it was set', [[1000], [0, 1001]], 'confirm', 1000],
    [
      'what was set after a 0',
      [
        [1000, 1000],
        [0, 1001],
        [1002, 1002],
      ],
      'refuse',
      1002,
    ],
    [
      'no 0 that was set before the same time was set again',
      [
        [1000, 1000],
        [1000, 1200],
        [0, 1100],
      ],
      'refuse',
      1000,
    ],
    [
      'a 0 by another that was set later',
      [
        [0, 1200],
        [0, 1100],
        [1000, 1000],
        [0, 1150],
      ],
      'confirm',
      1000,
    ],
  ];
  for (const [name, given, verdict, time] of policies) {
    it(`holds of two times for the same realm: ${name}`, () => {
      const { list } = start();
      for (const [notBefore, setAt] of given) list.add({ type: 'not-before', issuer, notBefore, setAt });
      const verdictOf = (iat: number) => list.judge({ ...token, iat })?.verdict;
      assert.deepEqual([verdictOf(time - 1), verdictOf(time)], [verdict, undefined]);
    });
  }

  it('moves the epoch once for what is said again', () => {
    const { list, epoch } = start();
    const said: Revocation[] = [
      ...hits.map(([, revocation]) => revocation),
      { type: 'user', issuer, subject: 'u1', issuedUntil: 999 },
      { type: 'not-before', issuer, notBefore: 1000 },
      { type: 'not-before', issuer, clientId: 'web', notBefore: 0 },
    ];
    for (const revocation of said) list.add(revocation);
    for (const revocation of said) list.add({ ...revocation });
    // The session twice, of which the second says less; and a not-before that was lifted.
    assert.equal(epoch.value, hits.length);
    list.add({ type: 'user', issuer, subject: 'u1', issuedUntil: 1001 });
    list.add({ type: 'not-before', issuer, notBefore: 1002 });
    assert.equal(epoch.value, hits.length + 2);
  });

  it('never takes back a logout of a user by one that was older and arrived later', () => {
    const { list } = start();
    list.add({ type: 'user', issuer, subject: 'u1', issuedUntil: 1000 });
    list.add({ type: 'user', issuer, subject: 'u1', issuedUntil: 900 });
    assert.ok(list.judge(token));
    list.add({ type: 'user', issuer, subject: 'u1', issuedUntil: 1100 });
    assert.ok(list.judge({ ...token, iat: 1100 }));
  });

  it('forgets after a day, but never a not-before, wherever it stands in the list', () => {
    const { list, advance } = start();
    list.add({ type: 'not-before', issuer, notBefore: 2000 });
    list.add({ type: 'session', issuer, sessionId: 's1' });
    list.add({ type: 'token', issuer, tokenId: 't1' });
    advance(DAY);
    list.add({ type: 'session', issuer, sessionId: 's2' });
    assert.equal(list.size(), 4);
    advance(1);
    list.add({ type: 'session', issuer, sessionId: 's3' });
    assert.equal(list.size(), 3);
    assert.ok(list.judge(token));
  });

  it('keeps each as long as the store does, whatever is revoked after it', async (t) => {
    let now = 1_000_000;
    t.mock.method(performance, 'now', () => now);
    const revocationStore = createMemoryRevocationStore(undefined, 7 * 86_400);
    const { realm, verifier } = await startLoaded({ tokenCheck: 'local', revocationStore });
    const token = realm.mint({ sid: 's1', exp: realm.now + 7 * 86_400 });
    await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
    now += 6.9 * DAY;
    await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 'of somebody else' });
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    now += DAY;
    await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 'of a third' });
    assert.equal(verifier.status().revocations, 2);
  });

  for (const [which, changes] of [
    ['', {}],
    [', and do not say when they were issued', { iat: undefined }],
  ] as const) {
    it(`keeps each as long as tokens live, and no longer, where they live longer than a day${which}`, async (t) => {
      let now = 1_000_000;
      t.mock.method(performance, 'now', () => now);
      const { realm, verifier } = await startLoaded({ tokenCheck: 'local' });
      const token = realm.mint({ sid: 's1', exp: realm.now + 3 * 86_400, ...changes });
      await verifier.verify(token);
      await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
      now += 2.9 * DAY;
      await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 'of somebody else' });
      await assertRefused(() => verifier.verify(token), 'token_revoked');
      now += 0.2 * DAY;
      await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 'of a third' });
      assert.equal(verifier.status().revocations, 2);
    });
  }

  it('tells a user who changed from one who must not come back', async () => {
    for (const [effect, code] of [
      ['renew', 'token_outdated'],
      ['confirm', 'token_revoked'],
    ] as const) {
      const { realm, verifier } = await startLoaded({ tokenCheck: 'local' });
      const [token, sub] = [realm.mint({ sub: 'u1' }), 'u1'];
      await verifier.verify(token);
      const change = { type: 'change', issuer: realm.issuer, subject: sub, issuedUntil: realm.now } as const;
      await verifier.revoke({ ...change, effect });
      await assertRefused(() => verifier.verify(token), code);
    }
  });

  it('forgets nothing because the clock of the machine jumped', async () => {
    const { realm, verifier } = await startLoaded();
    await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1', endedAt: realm.now });
    const iat = realm.now;
    realm.advance(25 * 60 * 60);
    await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's2' });
    await assertRefused(() => verifier.verify(realm.mint({ sid: 's1', iat })), 'token_revoked');
  });

  it('is renewed by being said again', () => {
    const { list, advance } = start();
    const again = { type: 'session', issuer, sessionId: 's1' } as const;
    list.add(again);
    advance(DAY);
    list.add(again);
    advance(1);
    list.add({ type: 'session', issuer, sessionId: 's2' });
    assert.equal(list.judge(token)?.revocation, again);
  });

  it('is bounded: the oldest goes first', () => {
    const log = createRevocationLog(undefined, undefined, 1_000);
    for (let i = 0; i <= 1_000; i++) log.add({ type: 'session', issuer, sessionId: `s${i}` });
    assert.equal(log.size(), 1_000);
    const list = createRevocationList(createEpoch(), log);
    assert.equal(list.judge({ ...token, sid: 's0' }), undefined);
    assert.ok(list.judge({ ...token, sid: 's1' }));
    assert.ok(list.judge({ ...token, sid: 's1000' }));
  });
});

it('the log of revocations gives all that is in force, each once', () => {
  const log = createRevocationLog();
  const policy: Revocation = { type: 'not-before', issuer, notBefore: 2000 };
  const session: Revocation = { type: 'session', issuer, sessionId: 's1' };
  const said: Revocation[] = [session, { ...policy, notBefore: 1000 }, policy, { ...session }];
  assert.deepEqual(
    said.map((one) => log.add(one) !== undefined),
    [true, true, true, false],
  );
  assert.deepEqual([...log.all()], [policy, session]);
});

describe('the revocation store in memory', () => {
  it('tells every listener until it leaves', async () => {
    const store = createMemoryRevocationStore();
    const seen: string[] = [];
    const leave = store.subscribe((revocation) => seen.push(`a ${revocation.type}`));
    store.subscribe((revocation) => seen.push(`b ${revocation.type}`));
    await store.add({ type: 'token', issuer, tokenId: 't' });
    leave();
    await store.add({ type: 'session', issuer, sessionId: 's' });
    assert.deepEqual(seen, ['a token', 'b token', 'b session']);
  });

  it('grants an id once, until it expires', async () => {
    let now = 0;
    const store = createMemoryRevocationStore(() => now * 1000);
    assert.equal(await store.useOnce('a', 10), true);
    assert.equal(await store.useOnce('a', 10), false);
    assert.equal(await store.useOnce('b', 20), true);
    now = 9.9;
    assert.equal(await store.useOnce('a', 30), false);
    now = 10;
    assert.equal(await store.useOnce('a', 30), true);
    assert.equal(await store.useOnce('b', 30), false);
  });

  it('uses the clock of the machine where none is given', async () => {
    const store = createMemoryRevocationStore();
    assert.equal(await store.useOnce('a', Date.now() / 1000 + 60), true);
    assert.equal(await store.useOnce('a', Date.now() / 1000 + 60), false);
    assert.equal(await store.useOnce('b', Date.now() / 1000 - 1), true);
    assert.equal(await store.useOnce('b', Date.now() / 1000 - 1), true);
  });
});

it('not-before times of clients are no more than all others: the oldest goes', () => {
  const log = createRevocationLog(undefined, undefined, 3);
  const issuer = 'https://sso.example.com/realms/testing';
  for (let at = 0; at < 10; at++) log.add({ type: 'not-before', issuer, clientId: `c${at}`, notBefore: 100 });
  assert.deepEqual(
    [log.size(), log.get('not-before', issuer, 'c6'), log.get('not-before', issuer, 'c7') !== undefined],
    [3, undefined, true],
  );
});
