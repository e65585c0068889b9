import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryRevocationStore, type Revocation } from '../../packages/guard/src/core/index.ts';
import { createRevocationHub, makeVerifier } from '../../packages/guard/src/core/internal.ts';
import { createEpoch } from '../../packages/guard/src/core/revocation/epoch.ts';
import { createRevocationList } from '../../packages/guard/src/core/revocation/revocation-list.ts';
import type { ChangeEffect } from '../../packages/guard/src/core/revocation/revocation-log.ts';
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

describe('the revocations of many realms', () => {
  const session = { type: 'session', issuer, sessionId: 's1' } as const;

  it('are told once to who listens, until they leave, and kept by issuer', () => {
    const hub = createRevocationHub();
    const told: Revocation[] = [];
    const leave = hub.listen((one) => told.push(one));
    hub.add(session);
    hub.add(session);
    hub.add({ ...session, issuer: 'https://other.example.com' });
    assert.equal(told.length, 2);
    leave();
    hub.add({ ...session, sessionId: 's2' });
    assert.equal(told.length, 2);
    assert.deepEqual(hub.log.get('session', issuer, 's1'), session);
    for (const [who, what] of [
      [issuer, 's3'],
      ['https://third.example.com', 's1'],
    ] as const)
      assert.equal(hub.log.get('session', who, what), undefined);
    assert.equal(hub.log.size, 2);
    assert.equal(hub.isShared, false);
    hub.close();
  });

  it('come from the store that processes share, until it is closed', async () => {
    const store = createMemoryRevocationStore();
    const hub = createRevocationHub(store);
    assert.equal(hub.isShared, true);
    await store.add(session);
    assert.deepEqual(hub.log.get('session', issuer, 's1'), session);
    hub.close();
    await store.add({ ...session, sessionId: 's2' });
    assert.equal(hub.log.get('session', issuer, 's2'), undefined);
  });

  it('are kept as long as tokens live, in realms that come later too', (t) => {
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    const hub = createRevocationHub(createMemoryRevocationStore(undefined, 60));
    hub.add(session);
    hub.log.keepFor(100);
    hub.log.keepFor(80);
    const later = { ...session, issuer: 'https://later.example.com' };
    hub.add(later);
    const isKept = ({ issuer: of }: Revocation) => {
      // What is old goes when something new comes.
      hub.add({ type: 'token', issuer: of, tokenId: String(now) });
      return hub.log.get('session', of, 's1') !== undefined;
    };
    now = 100_000;
    assert.deepEqual([session, later].map(isKept), [true, true]);
    now = 100_001;
    assert.deepEqual([session, later].map(isKept), [false, false]);
  });

  it('are heard by a realm that has not said yet who it is: they may be meant for it', async () => {
    const hub = createRevocationHub();
    const options = { serverUrl: 'https://keycloak.example.com', realm: 'acme', clientId: 'api' };
    const verifier = makeVerifier(options, { hub, assertItself() {} });
    hub.add(session);
    assert.equal(verifier.stats.revocations, 1);
    await verifier.close();
    hub.close();
  });

  it('are heard by a realm that has, if they are its own', async () => {
    const hub = createRevocationHub();
    const testing = createTestRealm();
    const { serverUrl, realm, clientId, clock, fetch } = testing;
    for (const pinned of [undefined, testing.issuer]) {
      const options = { serverUrl, realm, clientId, clock, fetch, issuer: pinned, onNotice: false } as const;
      const verifier = makeVerifier(options, { hub, assertItself() {} });
      const sessionId = `of ${pinned}`;
      const known = testing.mint({ sid: sessionId });
      await verifier.verify(known);
      hub.add({ ...session, issuer: 'https://other.example.com', sessionId });
      assert.equal(verifier.stats.revocations, 0);
      assert.ok(await verifier.verify(known));
      hub.add({ ...session, issuer: testing.issuer, sessionId });
      assert.equal(verifier.stats.revocations, 1);
      await assertRefused(() => verifier.verify(known), 'token_revoked');
      await verifier.close();
    }
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
