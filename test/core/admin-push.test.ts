import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AdminAction, type Revocation, revokeByAdminPush, type Verifier } from '../../src/core/index.ts';
import { assertAtOnce, assertRefused } from '../support/refusal.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm, startLoaded } from '../support/test-realm.ts';
import { mintPush } from './signed-messages.ts';

describe('a push to the admin URL', () => {
  it('that sets a not-before ends what was issued before it', async () => {
    const { realm, verifier } = await startLoaded();
    const [before, after] = [realm.mint({ iat: realm.now - 1 }), realm.mint()];
    await verifier.verify(before);
    await verifier.verify(after);
    const push = mintPush(realm, { action: 'PUSH_NOT_BEFORE', notBefore: realm.now });
    assert.deepEqual(await revokeByAdminPush(verifier, push, 'PUSH_NOT_BEFORE'), [
      { type: 'not-before', issuer: realm.issuer, notBefore: realm.now },
    ]);
    await assertRefused(() => verifier.verify(before), 'token_revoked');
    assertAtOnce(verifier.verify(after));
  });

  it('with a not-before of 0 takes an earlier one back', async () => {
    const { realm, verifier } = await startLoaded();
    for (const notBefore of [realm.now + 60, 0]) {
      const push = mintPush(realm, { action: 'PUSH_NOT_BEFORE', notBefore });
      await revokeByAdminPush(verifier, push, 'PUSH_NOT_BEFORE');
    }
    assert.ok(await verifier.verify(realm.mint()));
  });

  it('that a store delivers late takes back nothing that was set after it', async () => {
    const { realm, verifier } = await startLoaded();
    const told: Revocation[] = [];
    const elsewhere = realm.verifier({
      revocationStore: {
        add: async (revocation) => void told.push(revocation),
        subscribe: () => () => {},
        claim: async () => true,
      },
    });
    const set = (at: Verifier, notBefore: number) => at.revoke({ type: 'not-before', issuer, notBefore });
    const { issuer } = realm;
    await set(elsewhere, 0);
    realm.advance(1);
    await set(verifier, realm.now + 60);
    for (const revocation of told) await verifier.revoke(revocation);
    await assertRefused(() => verifier.verify(realm.mint()), 'token_revoked');
    realm.advance(1);
    await set(verifier, 0);
    assert.ok(await verifier.verify(realm.mint()));
  });

  it('of a logout ends the sessions it lists, and skips what is no id', async () => {
    const { realm, verifier } = await startLoaded();
    const push = mintPush(realm, { keycloakSessionIds: ['s1', 7, null, 's2'] });
    assert.deepEqual(
      await revokeByAdminPush(verifier, push, 'LOGOUT'),
      ['s1', 's2'].map((sessionId) => ({ type: 'session', issuer: realm.issuer, sessionId })),
    );
    for (const sid of ['s1', 's2'])
      await assertRefused(() => verifier.verify(realm.mint({ sid })), 'token_revoked');
    assert.ok(await verifier.verify(realm.mint({ sid: 's3' })));
  });

  for (const keycloakSessionIds of [undefined, null]) {
    it(`of a logout with the list ${keycloakSessionIds} ends everybody's tokens, those of this second too`, async () => {
      const { realm, verifier } = await startLoaded();
      const token = realm.mint();
      await verifier.verify(token);
      realm.advance(0.4);
      await revokeByAdminPush(verifier, mintPush(realm, { keycloakSessionIds }), 'LOGOUT');
      await assertRefused(() => verifier.verify(token), 'token_revoked');
      realm.advance(1);
      assert.ok(await verifier.verify(realm.mint({ iat: Math.floor(realm.now) })));
    });
  }

  const bad: readonly [string, Record<string, unknown>, AdminAction, string][] = [
    ['of another action', { action: 'PUSH_NOT_BEFORE', notBefore: 1 }, 'LOGOUT', 'its action is not LOGOUT'],
    ['that is a logout', {}, 'PUSH_NOT_BEFORE', 'its action is not PUSH_NOT_BEFORE'],
    ['for another client', { resource: 'other' }, 'LOGOUT', 'it is for another client'],
    ['that expires now', { expiration: Date.UTC(2026, 0, 15, 12) / 1000 }, 'LOGOUT', 'it expired'],
    ['without an end', { expiration: undefined }, 'LOGOUT', 'it expired'],
    ['with a text for its end', { expiration: '9999999999' }, 'LOGOUT', 'it expired'],
    ['without an id', { id: undefined }, 'LOGOUT', 'it was used before'],
    ['with an id that is no text', { id: 7 }, 'LOGOUT', 'it was used before'],
    ['without a time', { action: 'PUSH_NOT_BEFORE' }, 'PUSH_NOT_BEFORE', 'it has no notBefore'],
    [
      'with a text for its time',
      { action: 'PUSH_NOT_BEFORE', notBefore: '1' },
      'PUSH_NOT_BEFORE',
      'it has no notBefore',
    ],
    ['of a list that is none', { keycloakSessionIds: 's1' }, 'LOGOUT', 'its list of sessions is not a list'],
  ];
  for (const [what, changes, action, reason] of bad) {
    it(`${what} is refused with 400 and ends nothing`, async () => {
      const { realm, verifier } = await startLoaded();
      const error = await assertRefused(
        () => revokeByAdminPush(verifier, mintPush(realm, changes), action),
        'admin_push_invalid',
      );
      assert.equal(error.statusCode, 400);
      assert.equal(error.reason, `The push is not valid: ${reason}`);
      assert.equal(verifier.status().revocations, 0);
    });
  }

  for (const [what, header] of [
    ['an access token by its header', { typ: 'at+jwt' }],
    ['a kind that begins alike', { typ: 'JWTx' }],
    ['a kind that ends alike', { typ: 'xJWT' }],
  ] as const) {
    it(`that is ${what} is refused`, async () => {
      const { realm, verifier } = await startLoaded();
      await assertRefused(
        () => revokeByAdminPush(verifier, mintPush(realm, {}, header), 'LOGOUT'),
        'admin_push_invalid',
      );
    });
  }

  it('by anybody else than the realm is refused, and so is an access token of the realm', async () => {
    const { realm, verifier } = await startLoaded();
    const stranger = createTestKey('ES256', { kid: realm.signer.kid });
    const forged = realm.mint({ action: 'LOGOUT', resource: realm.clientId }, { key: stranger });
    for (const push of [forged, realm.mint(), 'nonsense', '']) {
      await assertRefused(() => revokeByAdminPush(verifier, push, 'LOGOUT'), 'admin_push_invalid');
    }
  });

  it('is good once, under its id, until it expires', async () => {
    const claims: [string, number][] = [];
    const { realm, verifier } = await startLoaded({
      revocationStore: {
        add: async () => {},
        subscribe: () => () => {},
        claim: async (id, expiresAt) => claims.push([id, expiresAt]) === 1,
      },
    });
    const push = mintPush(realm, { id: 'p1', keycloakSessionIds: ['s1'] });
    await revokeByAdminPush(verifier, push, 'LOGOUT');
    const error = await assertRefused(
      () => revokeByAdminPush(verifier, push, 'LOGOUT'),
      'admin_push_invalid',
    );
    assert.equal(error.reason, 'The push is not valid: it was used before');
    assert.deepEqual(claims, Array(2).fill([JSON.stringify(['push', 'p1']), realm.now + 30]));
  });

  it('is no fault of its own while no keys were ever loaded', async () => {
    const realm = createTestRealm();
    realm.setAll('down');
    const verifier = realm.verifier();
    await assertRefused(() => revokeByAdminPush(verifier, mintPush(realm), 'LOGOUT'), 'provider_unavailable');
  });
});
