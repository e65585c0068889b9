import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { revokeByLogoutToken } from '../../packages/guard/src/core/messages/backchannel-logout.ts';
import { assertAtOnce, assertRefused } from '../support/refusal.ts';
import { createTestKey, encodePart } from '../support/signing-keys.ts';
import { createTestRealm, startLoaded } from '../support/test-realm.ts';
import { EVENT, mintLogoutToken } from './signed-messages.ts';

describe('a logout token', () => {
  it('ends the session it names, and no other', async () => {
    const { realm, verifier } = await startLoaded();
    const [ended, other] = [realm.mint({ sid: 's1', sub: 'u1' }), realm.mint({ sid: 's2', sub: 'u1' })];
    await verifier.verify(ended);
    await verifier.verify(other);
    assert.deepEqual(await revokeByLogoutToken(verifier, mintLogoutToken(realm)), {
      type: 'session',
      issuer: realm.issuer,
      sessionId: 's1',
      endedAt: realm.now,
    });
    await assertRefused(() => verifier.verify(ended), 'token_revoked');
    assertAtOnce(verifier.verify(other));
  });

  for (const sid of [undefined, '', 1, null, ['s1']]) {
    it(`with the sid ${JSON.stringify(sid)} ends what the user was issued so far`, async () => {
      const { realm, verifier } = await startLoaded();
      const revocation = await revokeByLogoutToken(verifier, mintLogoutToken(realm, { sid }));
      assert.deepEqual(revocation, {
        type: 'user',
        issuer: realm.issuer,
        subject: 'u1',
        issuedUntil: realm.now,
      });
      await assertRefused(() => verifier.verify(realm.mint({ sub: 'u1' })), 'token_revoked');
      assert.ok(await verifier.verify(realm.mint({ sub: 'u2' })));
      assert.ok(await verifier.verify(realm.mint({ sub: 'u1', iat: realm.now + 1 })));
    });
  }

  it('may be typed by its header alone, or by its payload alone', async () => {
    const { realm, verifier } = await startLoaded();
    for (const [typ, header] of [
      [undefined, 'logout+jwt'],
      [undefined, 'application/logout+jwt'],
      [undefined, 'Logout+JWT'],
      ['Logout', 'JWT'],
      ['Logout', undefined],
    ]) {
      assert.ok(await revokeByLogoutToken(verifier, mintLogoutToken(realm, { typ }, { typ: header })));
    }
  });

  it('is good for three minutes after it was made, tolerance included, whatever its exp', async () => {
    const { realm, verifier } = await startLoaded();
    const early = mintLogoutToken(realm, { exp: undefined });
    const late = mintLogoutToken(realm, { exp: realm.now + 3600 });
    assert.ok(await revokeByLogoutToken(verifier, mintLogoutToken(realm, { iat: realm.now + 5 })));
    realm.advance(185);
    assert.ok(await revokeByLogoutToken(verifier, early));
    realm.advance(1);
    const { seen } = await assertRefused(() => revokeByLogoutToken(verifier, late), 'logout_token_invalid');
    assert.equal(seen, `iat ${realm.now - 186}`);
  });

  const bad: readonly [string, Record<string, unknown>, RegExp, Record<string, unknown>?][] = [
    ['of another issuer', { iss: 'https://sso.example.com/realms/other' }, /another issuer/],
    ['for another client', { aud: 'other' }, /for another audience/],
    ['for nobody', { aud: undefined }, /for another audience/],
    ['that expired', { exp: 1 }, /: compare the clocks of this machine and of Keycloak: The token expired$/],
    ['without iat', { iat: undefined }, /claim iat/],
    ['without jti', { jti: undefined }, /claim jti/],
    [
      'from the future',
      { iat: Date.UTC(2030, 0) / 1000 },
      /: compare the clocks .+: The token is from the future$/,
    ],
    ['with a nonce', { nonce: 'n' }, /: it has a nonce$/],
    ['with an empty nonce', { nonce: null }, /: it has a nonce$/],
    ['without events', { events: undefined }, /: it has no back-channel logout event$/],
    ['with events null', { events: null }, /: it has no back-channel logout event$/],
    ['with another event', { events: { x: {} } }, /: it has no back-channel logout event$/],
    ['with a text for the event', { events: { [EVENT]: 'yes' } }, /: it has no back-channel logout event$/],
    ['with null for the event', { events: { [EVENT]: null } }, /: it has no back-channel logout event$/],
    ['that names nobody', { sid: undefined, sub: undefined }, /: it names neither a session nor a user$/],
    ['with an empty sub', { sid: undefined, sub: '' }, /: it names neither a session nor a user$/],
    ['with a sub that is no text', { sid: undefined, sub: 7 }, /: it names neither a session nor a user$/],
    ['that is an access token', { typ: 'Bearer' }, /: it is not typed as a logout token$/, { typ: 'JWT' }],
    ['that is no kind', { typ: undefined }, /: it is not typed as a logout token$/, { typ: undefined }],
    ['with another header', {}, /another kind of token/, { typ: 'at+jwt' }],
    ['with a header that ends alike', {}, /another kind of token/, { typ: 'x-logout+jwt' }],
    ['with a header that begins alike', {}, /another kind of token/, { typ: 'logout+jwtx' }],
    ['of alg none', {}, /algorithm/, { alg: 'none' }],
    ['of an unknown key', {}, /JWKS/, { kid: 'other' }],
  ];
  for (const [what, changes, reason, header] of bad) {
    it(`${what} is refused with 400 and ends nothing`, async () => {
      const { realm, verifier } = await startLoaded();
      const token = mintLogoutToken(realm, changes, header);
      const error = await assertRefused(() => revokeByLogoutToken(verifier, token), 'logout_token_invalid');
      assert.equal(error.statusCode, 400);
      assert.deepEqual(error.headers, {});
      assert.match(error.reason, /^The logout token is not valid: /);
      assert.match(error.reason, reason);
      assert.equal(verifier.status().revocations, 0);
      assert.equal(await verifier.useOnce('probe', realm.now + 1), true);
    });
  }

  it('for another client is refused, and the log learns for whom it was', async () => {
    const { realm, verifier } = await startLoaded();
    for (const [aud, seen] of [
      ['other', 'aud other'],
      [['a', 7, 'b'], 'aud a, b'],
      [undefined, 'aud missing'],
    ]) {
      const token = mintLogoutToken(realm, { aud });
      const error = await assertRefused(() => revokeByLogoutToken(verifier, token), 'logout_token_invalid');
      assert.deepEqual([error.expected, error.seen], [`aud ${realm.clientId}`, seen]);
    }
  });

  it('that was changed is refused, and the log learns what was expected and seen', async () => {
    const { realm, verifier } = await startLoaded();
    const [header, , signature] = mintLogoutToken(realm).split('.');
    const forged = [header, encodePart({ iss: realm.issuer, sid: 's1' }), signature].join('.');
    await assertRefused(() => revokeByLogoutToken(verifier, forged), 'logout_token_invalid');
    const iss = 'https://other.example.com';
    const error = await assertRefused(
      () => revokeByLogoutToken(verifier, mintLogoutToken(realm, { iss })),
      'logout_token_invalid',
    );
    assert.deepEqual([error.expected, error.seen], [`iss ${realm.issuer}`, `iss ${iss}`]);
    await assertRefused(
      () => revokeByLogoutToken(verifier, realm.mint({}, { key: createTestKey('ES256') })),
      'logout_token_invalid',
    );
  });

  it('with an id that no Keycloak makes is refused: replicas keep each for a day', async () => {
    const { realm, verifier } = await startLoaded();
    const long = 'x'.repeat(513);
    for (const claims of [{ sid: long }, { sid: undefined, sub: long }, { jti: long }]) {
      const { reason } = await assertRefused(
        () => revokeByLogoutToken(verifier, mintLogoutToken(realm, claims)),
        'logout_token_invalid',
      );
      assert.equal(reason, 'The logout token is not valid: an id in it is too long');
    }
    assert.equal(verifier.stats.revocations, 0);
    assert.ok(await revokeByLogoutToken(verifier, mintLogoutToken(realm, { sid: 'x'.repeat(512) })));
  });

  it('is good once, under its issuer and id, until nobody would accept it any more', async () => {
    const claims: [string, number][] = [];
    const { realm, verifier } = await startLoaded({
      revocationStore: {
        add: async () => {},
        subscribe: () => () => {},
        useOnce: async (id, expiresAt) => claims.push([id, expiresAt]) === 1,
      },
    });
    const token = mintLogoutToken(realm, { jti: 'j1' });
    await revokeByLogoutToken(verifier, token);
    const error = await assertRefused(() => revokeByLogoutToken(verifier, token), 'logout_token_replayed');
    assert.equal(error.statusCode, 400);
    assert.deepEqual(claims, Array(2).fill([JSON.stringify([realm.issuer, 'j1']), realm.now + 600]));
  });

  it('that could not be shared may be sent again, and counts in this process all the same', async () => {
    let isDown = true;
    const { realm, verifier } = await startLoaded({
      revocationStore: {
        add: () => (isDown ? Promise.reject(new Error('the store is down')) : Promise.resolve()),
        subscribe: () => () => {},
        useOnce: async () => true,
      },
    });
    const access = realm.mint({ sid: 's1' });
    await verifier.verify(access);
    const token = mintLogoutToken(realm);
    const error = await assertRefused(() => revokeByLogoutToken(verifier, token), 'revocation_not_shared');
    assert.equal(error.statusCode, 503);
    await assertRefused(() => verifier.verify(access), 'token_revoked');
    isDown = false;
    assert.ok(await revokeByLogoutToken(verifier, token));
  });

  it('is no fault of its own while no keys were ever loaded', async () => {
    const realm = createTestRealm();
    realm.setAll('down');
    const verifier = realm.verifier();
    await assertRefused(() => revokeByLogoutToken(verifier, mintLogoutToken(realm)), 'provider_unavailable');
  });
});
