import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryRevocationStore, type Revocation } from '../../packages/guard/src/core/index.ts';
import { makeVerifier } from '../../packages/guard/src/core/internal.ts';
import {
  createEpoch,
  createRevocationList,
} from '../../packages/guard/src/core/revocation/revocation-list.ts';
import type {
  ChangeEffect,
  TenantRevocations,
} from '../../packages/guard/src/core/revocation/revocation-log.ts';
import { createRevocationHub, toSharedIssuer } from '../../packages/guard/src/tenants/revocation-hub.ts';
import { assertRefused } from '../support/refusal.ts';
import { createTestRealm } from '../support/test-realm.ts';

const issuer = 'https://sso.example.com/realms/testing';
const token = { iss: issuer, sid: 's1', sub: 'u1', azp: 'web', jti: 't1', iat: 1000 };
const change = (effect: ChangeEffect, subject?: string, issuedUntil = 1000): Revocation => ({
  ...{ type: 'change', issuer, subject, issuedUntil, effect },
});

describe('a change of what tokens say', () => {
  for (const [effect, verdict] of [
    ['renew', 'refuse'],
    ['confirm', 'confirm'],
    ['ask', 'ask'],
  ] as const) {
    for (const subject of ['u1', undefined]) {
      it(`of ${subject ?? 'all'} leads to the verdict ${verdict} for what was issued so far (${effect})`, () => {
        const list = createRevocationList(createEpoch());
        assert.equal(list.changedAt(issuer, 'u1'), 0);
        const revocation = change(effect, subject);
        list.add(revocation);
        assert.deepEqual(list.judge(token), { revocation, verdict, since: 1 });
        assert.equal(list.judge({ ...token, iat: 1001 }), undefined);
        assert.equal(list.judge({ ...token, iss: 'https://other.example.com' }), undefined);
        const [other, nobody] = [
          { ...token, sub: 'u2' },
          { ...token, sub: undefined },
        ];
        for (const one of [other, nobody])
          assert.equal(list.judge(one)?.verdict, subject === undefined ? verdict : undefined);
        assert.equal(list.changedAt(issuer, 'u1'), 1);
        assert.equal(list.changedAt(issuer, 'u2'), subject === undefined ? 1 : 0);
        assert.equal(list.changedAt('https://other.example.com', 'u1'), 0);
      });
    }
  }

  it('is the last of several, whomever they are of, and nothing else counts as one', () => {
    const list = createRevocationList(createEpoch());
    list.add(change('ask'));
    list.add(change('renew', 'u2'));
    assert.deepEqual([list.changedAt(issuer, 'u1'), list.changedAt(issuer, 'u2')], [1, 2]);
    list.add({ type: 'session', issuer, sessionId: 's1' });
    list.add({ type: 'user', issuer, subject: 'u1', issuedUntil: 1 });
    assert.equal(list.changedAt(issuer, 'u1'), 1);
  });

  it('hits no token by an id that is no text', () => {
    const list = createRevocationList(createEpoch());
    for (const one of [
      { type: 'session', issuer, sessionId: '7' },
      { type: 'token', issuer, tokenId: '7' },
      { type: 'user', issuer, subject: '7', issuedUntil: 1000 },
      { type: 'not-before', issuer, clientId: '7', notBefore: 2000 },
      change('renew', '7'),
    ] as const)
      list.add(one);
    for (const id of [7, ['7'], null, undefined])
      assert.equal(list.judge({ iss: issuer, sid: id, sub: id, azp: id, jti: id, iat: 1 }), undefined);
  });
});

describe('the revocations of many tenants', () => {
  const session = { type: 'session', issuer, sessionId: 's1' } as const;
  const isKnownTo = ({ log }: TenantRevocations, id = 's1') => log.get('session', issuer, id) !== undefined;

  it('are told once to who listens, until they leave, and kept by name', () => {
    const hub = createRevocationHub();
    const acme = hub.of('acme', issuer);
    const told: Revocation[] = [];
    const leave = acme.listen((one) => told.push(one));
    acme.add(session);
    acme.add(session);
    assert.deepEqual(told, [session]);
    leave();
    acme.add({ ...session, sessionId: 's2' });
    assert.equal(told.length, 1);
    assert.deepEqual(acme.log.get('session', issuer, 's1'), session);
    assert.equal(isKnownTo(hub.of('acme', issuer)), true, 'it outlives the verifier');
    assert.deepEqual([acme.log.size(), acme.isShared], [2, false]);
    hub.close();
  });

  it('of one are none of another, though its realm says that it has the same issuer', async () => {
    const store = createMemoryRevocationStore();
    const hub = createRevocationHub(store);
    const [acme, hostile] = [hub.of('acme', issuer), hub.of('hostile', issuer)];
    hostile.add(session);
    await store.add({ ...session, sessionId: 's2', issuer: toSharedIssuer('hostile', issuer) });
    for (const id of ['s1', 's2']) {
      assert.deepEqual([isKnownTo(acme, id), isKnownTo(hostile, id)], [false, true], id);
    }
    // No name reads as another one with another issuer.
    await store.add({ ...session, issuer: `["acme","${issuer}"` });
    await store.add({ ...session, issuer: '[]' });
    assert.equal(acme.log.size(), 0);
    hub.close();
  });

  it('come from the store that processes share, until it is closed', async () => {
    const store = createMemoryRevocationStore();
    const hub = createRevocationHub(store);
    const acme = hub.of('acme', issuer);
    const leave = acme.listen(() => {});
    assert.equal(acme.isShared, true);
    await store.add(session);
    assert.ok(isKnownTo(acme), 'of a process without tenants');
    assert.ok(isKnownTo(hub.of('later', issuer)));
    assert.ok(!isKnownTo(hub.of('other', 'https://other.example.com')));
    hub.close();
    await store.add({ ...session, sessionId: 's2' });
    assert.ok(!isKnownTo(acme, 's2'));
    leave();
  });

  it('reach who goes on listening when another one of the same issuer leaves', async () => {
    const store = createMemoryRevocationStore();
    const hub = createRevocationHub(store);
    const [acme, other] = [hub.of('acme', issuer), hub.of('other', issuer)];
    acme.listen(() => {});
    other.listen(() => {})();
    await store.add(session);
    assert.ok(isKnownTo(acme));
    hub.close();
  });

  it('that came while nobody listened are known to who comes back', async () => {
    const store = createMemoryRevocationStore();
    const hub = createRevocationHub(store);
    hub.of('acme', issuer).listen(() => {})();
    await store.add(session);
    assert.ok(isKnownTo(hub.of('acme', issuer)));
    hub.close();
  });

  it('are kept as long as tokens of the tenant live, and those of others no longer than the store says', (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const hub = createRevocationHub(createMemoryRevocationStore(undefined, 60));
    const [acme, other] = ['acme', 'other'].map((name) => hub.of(name, issuer)) as [
      TenantRevocations,
      TenantRevocations,
    ];
    for (const one of [acme, other]) one.add(session);
    acme.log.keepFor(100);
    acme.log.keepFor(80);
    const isKept = (one: TenantRevocations) => {
      // What is old goes when something new comes.
      one.add({ type: 'token', issuer, tokenId: String(now) });
      return isKnownTo(one);
    };
    now = 60_000;
    assert.deepEqual([acme, other].map(isKept), [true, true]);
    now = 100_000;
    assert.deepEqual([acme, other].map(isKept), [true, false]);
    now = 100_001;
    assert.deepEqual([acme, other].map(isKept), [false, false]);
    hub.close();
  });

  it('are heard by its verifier, if they are of the issuer of its realm', async () => {
    const hub = createRevocationHub();
    const testing = createTestRealm();
    const { serverUrl, realm, clientId, clock, fetch } = testing;
    const options = {
      serverUrl,
      realm,
      clientId,
      clock,
      fetch,
      issuer: testing.issuer,
      onNotice: false,
    } as const;
    const own = hub.of('acme', testing.issuer);
    const verifier = makeVerifier(options, own);
    const sessionId = 'of acme';
    const known = testing.mint({ sid: sessionId });
    await verifier.verify(known);
    own.add({ ...session, issuer: 'https://other.example.com', sessionId });
    assert.equal(verifier.stats.revocations, 0);
    assert.ok(await verifier.verify(known));
    own.add({ ...session, issuer: testing.issuer, sessionId });
    assert.equal(verifier.stats.revocations, 1);
    await assertRefused(() => verifier.verify(known), 'token_revoked');
    await verifier.close();
    hub.close();
  });
});

describe('processes that share a store', () => {
  const startTwo = async () => {
    const realm = createTestRealm();
    const revocationStore = createMemoryRevocationStore();
    const [here, there] = [realm.verifier({ revocationStore }), realm.verifier({ revocationStore })];
    const token = realm.mint({ sid: 's1' });
    for (const verifier of [here, there]) await verifier.verify(token);
    return { realm, here, there, token };
  };

  it('hear from each other what was revoked, until they are closed', async () => {
    const { realm, here, there, token } = await startTwo();
    assert.deepEqual([here.hasRevocationStore, realm.verifier().hasRevocationStore], [true, false]);
    await here.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
    await assertRefused(() => there.verify(token), 'token_revoked');
    await there.close();
    await here.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's2' });
    assert.equal(there.stats.revocations, 1);
    await here.close();
  });

  it('need not ask Keycloak both about a token that is good no more', async () => {
    const { realm, here, there, token } = await startTwo();
    realm.advance(60);
    realm.introspect = () => ({ active: false });
    const { introspection } = realm.calls;
    for (const verifier of [here, there]) {
      await assertRefused(() => verifier.verify(token), 'token_revoked');
      await verifier.close();
    }
    assert.equal(realm.calls.introspection, introspection + 1);
  });
});
