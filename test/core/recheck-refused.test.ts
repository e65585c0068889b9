import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertAtOnce, assertRefused, settle } from '../support/refusal.ts';
import { startLoaded, type TestRealm } from '../support/test-realm.ts';

const codes = (realm: TestRealm) =>
  realm.notices.map(({ code }) => code).filter((code) => code !== 'keys_loaded');
const refuse = (realm: TestRealm) => {
  realm.introspect = () => ({ status: 401, body: { error: 'unauthorized_client' } });
};
/** Introspection alone can be asked about it. */
const mint = (realm: TestRealm, changes: Record<string, unknown> = {}) =>
  realm.mint({ scope: 'profile', ...changes });
const old = (realm: TestRealm) => mint(realm, { iat: realm.now - 60 });

describe('introspection that is refused, and no other way to ask', () => {
  it('is a good signature until Keycloak is asked again, recheckSeconds later', async () => {
    const { realm, verifier } = await startLoaded();
    refuse(realm);
    const token = old(realm);
    await verifier.verify(token);
    assert.equal(verifier.stats.acceptedUnchecked, 1);
    assert.equal(verifier.status().isProviderDown, false);
    realm.advance(14);
    assertAtOnce(verifier.verify(token));
    await settle();
    assert.equal(realm.calls.introspection, 1);
    realm.introspect = () => ({ active: false });
    realm.advance(16);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
  });

  it('in the background, gives no more time, and is not tried again until there is none left', async () => {
    const { realm, verifier } = await startLoaded();
    const token = mint(realm);
    await verifier.verify(token);
    refuse(realm);
    for (const seconds of [15, 5, 5]) {
      realm.advance(seconds);
      assertAtOnce(verifier.verify(token));
      await settle();
    }
    assert.equal(realm.calls.introspection, 1);
    assert.equal(verifier.stats.acceptedUnchecked, 0);
    realm.advance(5);
    await verifier.verify(token);
    assert.equal(realm.calls.introspection, 2);
    assert.equal(verifier.stats.acceptedUnchecked, 1);
  });

  it('is 500 and our own fault where an answer is required, once there is no time left', async () => {
    const { realm, verifier } = await startLoaded({ whenUnavailable: 'refuse' });
    const token = mint(realm);
    await verifier.verify(token);
    refuse(realm);
    for (const seconds of [15, 10]) {
      realm.advance(seconds);
      assertAtOnce(verifier.verify(token));
      await settle();
    }
    realm.advance(5);
    const error = await assertRefused(() => verifier.verify(token), 'provider_misconfigured');
    assert.equal(
      error.reason,
      'Keycloak refused to introspect for the client my-api (HTTP 401 {"error":"unauthorized_client"}): there is no such client, or its credential or type is wrong; npx keycloak-guard doctor finds out',
    );
    await assertRefused(() => verifier.verify(old(realm)), 'provider_misconfigured');
    assert.deepEqual([verifier.stats.refused, verifier.stats.acceptedUnchecked], [0, 0]);
    realm.introspect = () => ({ active: true });
    assert.ok(await verifier.verify(token));
  });

  it('is 500 where every request is checked', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'remote' });
    refuse(realm);
    await assertRefused(() => verifier.verify(mint(realm)), 'provider_misconfigured');
  });

  it('is 500 for a token that lacks what only Keycloak can tell, and is asked again for it', async () => {
    for (const tokenCheck of ['recheck', 'local'] as const) {
      const { realm, verifier } = await startLoaded({ tokenCheck });
      refuse(realm);
      const token = mint(realm, { sub: undefined, preferred_username: undefined });
      await assertRefused(() => verifier.verify(token), 'provider_misconfigured');
      realm.introspect = () => ({ active: true, sub: 'u1', preferred_username: 'sara' });
      assert.equal((await verifier.verify(token)).username, 'sara');
      assert.equal(verifier.stats.acceptedUnchecked, 0);
    }
  });

  it('is the same where userinfo does not answer for such a token', async () => {
    const { realm, verifier } = await startLoaded();
    refuse(realm);
    realm.userinfo = () => ({ status: 403, challenge: 'Bearer error="insufficient_scope"' });
    const token = realm.mint({ iat: realm.now - 60 });
    await verifier.verify(token);
    realm.introspect = () => ({ active: false });
    realm.advance(30);
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    assert.deepEqual(codes(realm), ['recheck_misconfigured']);
  });

  it('is told again when it comes back', async () => {
    const { realm, verifier } = await startLoaded();
    const notices = async (expected: string[]) => {
      await verifier.verify(old(realm));
      await verifier.verify(old(realm));
      assert.deepEqual(codes(realm), expected);
    };
    refuse(realm);
    await notices(['recheck_misconfigured']);
    realm.introspect = () => ({ active: true });
    await notices(['recheck_misconfigured']);
    refuse(realm);
    await notices(['recheck_misconfigured', 'recheck_misconfigured']);
  });
});

describe('a fault of the application itself', () => {
  const FAULT =
    'Keycloak is not asked about tokens, by a fault of this application: EMFILE: too many open files, assertion.js of …';
  const credential = {
    kind: 'key',
    authenticate: async () => {
      throw new Error('EMFILE: too many open files, assertion.js of the-secret');
    },
    load: async () => {},
    isMissing: false,
    secrets: () => ['the-secret'],
    publicKeys: async () => ({ keys: [] }),
  } as const;

  it('lets nobody in whose token Keycloak has to be asked about, whatever a silent Keycloak does', async () => {
    for (const options of [{}, { whenUnavailable: 'refuse' }, { tokenCheck: 'remote' }] as const) {
      const { realm, verifier } = await startLoaded({ ...options, clientSecret: undefined, credential });
      for (let refused = 0; refused < 2; refused++) {
        const error = await assertRefused(() => verifier.verify(old(realm)), 'provider_misconfigured');
        assert.equal(error.statusCode, 500);
        assert.equal(error.reason, FAULT);
      }
      const told = realm.notices.filter(({ code }) => code === 'recheck_misconfigured');
      assert.deepEqual(
        told.map(({ level, message }) => [level, message]),
        [['error', FAULT]],
      );
      assert.equal(verifier.stats.acceptedUnchecked, 0);
      assert.equal(verifier.status().isProviderDown, false);
    }
  });

  it('is no refusal of a credential that another copy of this package made', async () => {
    const error = Object.assign(new Error('Identity provider unavailable'), {
      [Symbol.for('keycloak-guard.AuthError')]: true,
      code: 'provider_unavailable',
      reason: 'The secret cannot be used',
    });
    const authenticate = () => Promise.reject(error);
    const { realm, verifier } = await startLoaded({
      clientSecret: undefined,
      credential: { ...credential, authenticate },
    });
    await verifier.verify(old(realm));
    assert.equal(verifier.stats.acceptedUnchecked, 1);
    assert.deepEqual(codes(realm), ['provider_unavailable']);
  });

  it('found in the background, refuses a token once its last answer is recheckSeconds old', async () => {
    const { realm, verifier } = await startLoaded({ clientSecret: undefined, credential });
    const token = mint(realm);
    await verifier.verify(token);
    realm.advance(15);
    assertAtOnce(verifier.verify(token));
    await settle();
    realm.advance(15);
    await assertRefused(() => verifier.verify(token), 'provider_misconfigured');
  });
});
