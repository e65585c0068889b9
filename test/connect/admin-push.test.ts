import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AdminAction,
  BadPush,
  revokeByAdminPush,
} from '../../packages/connect/src/express/admin-push.ts';
import type { Revocation, Verifier } from '../../packages/guard/src/core/index.ts';
import { mintPush } from '../core/signed-messages.ts';
import { assertAtOnce, assertRefused } from '../support/refusal.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm, startLoaded } from '../support/test-realm.ts';

const revoke = async (...args: Parameters<typeof revokeByAdminPush>) =>
  (await revokeByAdminPush(...args)).revocations;

/** With this reason, of any by default. */
const assertBad = (act: () => Promise<unknown>, reason?: string) =>
  assert.rejects(act, (error) => {
    assert.ok(error instanceof BadPush, String(error));
    if (reason !== undefined) assert.equal(error.message, reason);
    return true;
  });

describe('a push to the admin URL', () => {
  it('that sets a not-before ends what its client was issued before it, and leaves the rest to Keycloak', async () => {
    const { realm, verifier } = await startLoaded();
    const iat = realm.now - 1;
    const [own, other, after] = [realm.mint({ iat, azp: realm.clientId }), realm.mint({ iat }), realm.mint()];
    for (const token of [own, other, after]) await verifier.verify(token);
    const push = mintPush(realm, { action: 'PUSH_NOT_BEFORE', notBefore: realm.now });
    const { issuer, clientId, now } = realm;
    assert.deepEqual(await revoke(verifier, push, 'PUSH_NOT_BEFORE'), [
      { type: 'not-before', issuer, clientId, notBefore: now, setAt: now },
      { type: 'recheck', issuer, issuedUntil: now - 1, setAt: now },
    ]);
    const calls = realm.calls.introspection;
    await assertRefused(() => verifier.verify(own), 'token_revoked');
    assertAtOnce(verifier.verify(after));
    assert.equal(realm.calls.introspection, calls);
    assert.ok(await verifier.verify(other), 'the not-before was that of the client');
    assert.equal(realm.calls.introspection, calls + 1);
    assertAtOnce(verifier.verify(other));
    realm.introspect = () => ({ active: false });
    const again = mintPush(realm, { action: 'PUSH_NOT_BEFORE', notBefore: realm.now + 1 });
    await revoke(verifier, again, 'PUSH_NOT_BEFORE');
    // This one was that of the realm.
    await assertRefused(() => verifier.verify(other), 'token_revoked');
  });

  it('that sets a not-before ends what everybody was issued where nobody is asked', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'local' });
    const [token, after] = [realm.mint({ iat: realm.now - 1 }), realm.mint()];
    for (const one of [token, after]) await verifier.verify(one);
    const push = mintPush(realm, { action: 'PUSH_NOT_BEFORE', notBefore: realm.now });
    await revoke(verifier, push, 'PUSH_NOT_BEFORE');
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    assertAtOnce(verifier.verify(after));
  });

  for (const tokenCheck of ['recheck', 'remote', 'local'] as const) {
    it(`with a not-before of 0 takes none back by itself: ${tokenCheck}`, async () => {
      const { realm, verifier } = await startLoaded({ tokenCheck });
      const { issuer, clientId, now } = realm;
      await verifier.revoke({ type: 'not-before', issuer, notBefore: now });
      const old = [realm.mint({ iat: now - 1 }), realm.mint({ iat: now - 1, azp: clientId })] as const;
      for (const token of old) await assertRefused(() => verifier.verify(token), 'token_revoked');
      realm.advance(1);
      const push = mintPush(realm, { action: 'PUSH_NOT_BEFORE', notBefore: 0 });
      const setAt = realm.now;
      assert.deepEqual(await revoke(verifier, push, 'PUSH_NOT_BEFORE'), [
        { type: 'not-before', issuer, clientId, notBefore: 0, setAt },
        { type: 'not-before', issuer, notBefore: 0, setAt },
      ]);
      if (tokenCheck === 'local') {
        for (const token of old) await assertRefused(() => verifier.verify(token), 'token_revoked');
        return;
      }
      for (const token of old) assert.ok(await verifier.verify(token), 'Keycloak says that it is good');
      realm.introspect = () => ({ active: false });
      const third = realm.mint({ iat: now - 1 });
      await assertRefused(() => verifier.verify(third), 'token_revoked');
    });
  }

  it('that a store delivers late takes back nothing that was set after it', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'local' });
    const told: Revocation[] = [];
    const elsewhere = realm.verifier({
      revocationStore: {
        add: async (revocation) => void told.push(revocation),
        subscribe: () => () => {},
        useOnce: async () => true,
      },
    });
    const set = (at: Verifier, notBefore: number) => at.revoke({ type: 'not-before', issuer, notBefore });
    const { issuer } = realm;
    await set(elsewhere, 0);
    realm.advance(1);
    await set(verifier, realm.now + 60);
    for (const revocation of told) await verifier.revoke(revocation);
    await assertRefused(() => verifier.verify(realm.mint()), 'token_revoked');
  });

  it('of a logout with an id of 513 characters is refused', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'local' });
    const push = mintPush(realm, { keycloakSessionIds: ['x'.repeat(513)] });
    await assertBad(() => revoke(verifier, push, 'LOGOUT'), 'an id in it is too long');
  });

  it('of a logout ends the sessions it lists, until it was made, and skips what is no id', async () => {
    const { realm, verifier } = await startLoaded();
    const push = mintPush(realm, { keycloakSessionIds: ['s1', 7, null, 's2'], adapterSessionIds: ['x'] });
    realm.advance(10);
    assert.deepEqual(
      await revoke(verifier, push, 'LOGOUT'),
      ['s1', 's2'].map((sessionId) => ({
        type: 'session',
        issuer: realm.issuer,
        sessionId,
        endedAt: realm.now - 10,
      })),
    );
    for (const sid of ['s1', 's2'])
      await assertRefused(() => verifier.verify(realm.mint({ sid, iat: realm.now - 10 })), 'token_revoked');
    assert.ok(await verifier.verify(realm.mint({ sid: 's3' })));
  });

  for (const keycloakSessionIds of [undefined, null]) {
    // How far the clock here is ahead of Keycloak's.
    for (const ahead of [-10, 0, 10]) {
      it(`of a logout with the list ${keycloakSessionIds} ends everybody's tokens by Keycloak's clock, ${ahead} s from ours`, async () => {
        const { realm, verifier } = await startLoaded();
        const keycloakNow = realm.now - ahead;
        const push = mintPush(realm, {
          keycloakSessionIds,
          notBefore: keycloakNow,
          expiration: keycloakNow + 30,
        });
        const [before, during] = [realm.mint({ iat: keycloakNow - 1 }), realm.mint({ iat: keycloakNow })];
        for (const token of [before, during]) await verifier.verify(token);
        const { issuer } = realm;
        assert.deepEqual(await revoke(verifier, push, 'LOGOUT'), [
          { type: 'not-before', issuer, notBefore: keycloakNow, setAt: keycloakNow },
          { type: 'recheck', issuer, issuedUntil: keycloakNow, setAt: keycloakNow },
        ]);
        await assertRefused(() => verifier.verify(before), 'token_revoked');
        realm.introspect = (token) => ({ active: token !== during });
        await assertRefused(() => verifier.verify(during), 'token_revoked');
        const again = realm.mint({ iat: keycloakNow });
        assert.ok(await verifier.verify(again), 'whoever logged in since, in the same second');
        assertAtOnce(verifier.verify(again));
        const calls = realm.calls.introspection;
        assert.ok(await verifier.verify(realm.mint({ iat: keycloakNow + 1 })));
        // Where it is not from the future by the clock here.
        if (ahead >= 0) assert.equal(realm.calls.introspection, calls);
      });
    }
  }

  it('of a logout asks about who logged in while Keycloak told its clients', async () => {
    const { realm, verifier } = await startLoaded();
    const notBefore = realm.now - 8;
    await revoke(verifier, mintPush(realm, { notBefore }), 'LOGOUT');
    const iat = realm.now - 4;
    const calls = realm.calls.introspection;
    assert.ok(await verifier.verify(realm.mint({ iat })));
    assert.equal(realm.calls.introspection, calls + 1);
    realm.introspect = () => ({ active: false });
    await assertRefused(() => verifier.verify(realm.mint({ iat })), 'token_revoked');
  });

  it('of a logout without a not-before counts from when it was made', async () => {
    for (const notBefore of [0, undefined, 'x', -1, 1.5, 9_999_999_999]) {
      const { realm, verifier } = await startLoaded();
      const revocations = await revoke(verifier, mintPush(realm, { notBefore }), 'LOGOUT');
      assert.deepEqual(revocations[0], {
        type: 'not-before',
        issuer: realm.issuer,
        notBefore: realm.now,
        setAt: realm.now,
      });
    }
  });

  const bad: readonly [string, Record<string, unknown>, AdminAction, string][] = [
    ['of another action', { action: 'PUSH_NOT_BEFORE', notBefore: 1 }, 'LOGOUT', 'its action is not LOGOUT'],
    ['that is a logout', {}, 'PUSH_NOT_BEFORE', 'its action is not PUSH_NOT_BEFORE'],
    ['for another client', { resource: 'other' }, 'LOGOUT', 'it is for another client'],
    ['that expires now', { expiration: Date.UTC(2026, 0, 15, 12) / 1000 }, 'LOGOUT', 'it expired'],
    ['without an end', { expiration: undefined }, 'LOGOUT', 'it expired'],
    ['with a text for its end', { expiration: '9999999999' }, 'LOGOUT', 'it expired'],
    ['without an id', { id: undefined }, 'LOGOUT', 'it was used before'],
    ['with an id that is no text', { id: 7 }, 'LOGOUT', 'it was used before'],
    [
      'without a time',
      { action: 'PUSH_NOT_BEFORE', notBefore: undefined },
      'PUSH_NOT_BEFORE',
      'it has no notBefore',
    ],
    [
      'with a text for its time',
      { action: 'PUSH_NOT_BEFORE', notBefore: '1' },
      'PUSH_NOT_BEFORE',
      'it has no notBefore',
    ],
    [
      'with a time before 1970',
      { action: 'PUSH_NOT_BEFORE', notBefore: -1 },
      'PUSH_NOT_BEFORE',
      'it has no notBefore',
    ],
    [
      'with a time in the future',
      { action: 'PUSH_NOT_BEFORE', notBefore: Date.UTC(2026, 0, 15, 12) / 1000 + 6 },
      'PUSH_NOT_BEFORE',
      'its notBefore is in the future',
    ],
    [
      'that expires in hours',
      { expiration: Date.UTC(2026, 0, 15, 12) / 1000 + 151 },
      'LOGOUT',
      'it expires too late',
    ],
    ...['iss', 'typ', 'exp', 'azp', 'aud', 'iat', 'jti', 'sub', 'x'.repeat(99), 'keycloakSessionIds'].map(
      (claim) =>
        [
          `with the claim ${claim.slice(0, 20)}, as what else the realm signs`,
          { action: 'PUSH_NOT_BEFORE', notBefore: 1, [claim]: 9_999_999_999 },
          'PUSH_NOT_BEFORE',
          `it has the claim ${claim.slice(0, 50)}, and no push has`,
        ] as [string, Record<string, unknown>, AdminAction, string],
    ),
    ['of a list that is none', { keycloakSessionIds: 's1' }, 'LOGOUT', 'its list of sessions is not a list'],
  ];
  for (const [what, changes, action, reason] of bad) {
    it(`${what} is refused and ends nothing`, async () => {
      const { realm, verifier } = await startLoaded();
      await assertBad(() => revoke(verifier, mintPush(realm, changes), action), reason);
      assert.equal(verifier.status().revocations, 0);
    });
  }

  it('is good while the clock here is two minutes behind, and its time the tolerance ahead', async () => {
    const { realm, verifier } = await startLoaded();
    const late = mintPush(realm, { expiration: realm.now + 150, keycloakSessionIds: ['s1'] });
    assert.equal((await revoke(verifier, late, 'LOGOUT')).length, 1);
    const action = 'PUSH_NOT_BEFORE';
    const push = mintPush(realm, { action, notBefore: realm.now + 5 });
    assert.equal((await revoke(verifier, push, action)).length, 2);
    const [ofAll] = await revoke(verifier, mintPush(realm, { notBefore: realm.now + 5 }), 'LOGOUT');
    assert.deepEqual(ofAll?.type === 'not-before' && ofAll.notBefore, realm.now + 5);
  });

  for (const [what, header] of [
    ['an access token by its header', { typ: 'at+jwt' }],
    ['a kind that begins alike', { typ: 'JWTx' }],
    ['a kind that ends alike', { typ: 'xJWT' }],
  ] as const) {
    it(`that is ${what} is refused`, async () => {
      const { realm, verifier } = await startLoaded();
      await assertRefused(() => revoke(verifier, mintPush(realm, {}, header), 'LOGOUT'), 'token_type');
    });
  }

  it('by anybody else than the realm is refused, and so is an access token of the realm', async () => {
    const { realm, verifier } = await startLoaded();
    const stranger = createTestKey('ES256', { kid: realm.signer.kid });
    const forged = realm.mint({ action: 'LOGOUT', resource: realm.clientId }, { key: stranger });
    await assertRefused(() => revoke(verifier, forged, 'LOGOUT'), 'token_signature');
    await assertBad(() => revoke(verifier, realm.mint(), 'LOGOUT'));
    for (const push of ['nonsense', ''])
      await assertRefused(() => revoke(verifier, push, 'LOGOUT'), 'token_malformed');
  });

  it('is good once, under its id, until it expires', async () => {
    const claims: [string, number][] = [];
    const { realm, verifier } = await startLoaded({
      revocationStore: {
        add: async () => {},
        subscribe: () => () => {},
        useOnce: async (id, expiresAt) => claims.push([id, expiresAt]) === 1,
      },
    });
    const push = mintPush(realm, { id: 'p1', keycloakSessionIds: ['s1'] });
    await revoke(verifier, push, 'LOGOUT');
    await assertBad(() => revoke(verifier, push, 'LOGOUT'), 'it was used before');
    assert.deepEqual(claims, Array(2).fill([JSON.stringify(['push', realm.issuer, 'p1']), realm.now + 30]));
  });

  it('is no fault of its own while no keys were ever loaded', async () => {
    const realm = createTestRealm();
    realm.setAll('down');
    const verifier = realm.verifier();
    await assertRefused(() => revoke(verifier, mintPush(realm), 'LOGOUT'), 'provider_unavailable');
  });
});
