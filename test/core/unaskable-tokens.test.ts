import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertAtOnce, assertRefused } from '../support/refusal.ts';
import { startLoaded, type TestRealm } from '../support/test-realm.ts';

/** Of a login without the scope `openid`, at a client without an audience mapper. */
const mint = (realm: TestRealm, changes: Record<string, unknown> = {}) =>
  realm.mint({ aud: 'account', azp: 'my-api', scope: 'profile', ...changes });

describe('a token that Keycloak cannot be asked about', () => {
  for (const tokenCheck of ['recheck', 'remote'] as const) {
    it(`is refused where an answer is needed, as our own fault: 500 (${tokenCheck})`, async () => {
      const { realm, verifier } = await startLoaded({ tokenCheck, whenUnavailable: 'refuse' });
      const error = await assertRefused(
        () => verifier.verify(mint(realm, { iat: realm.now - 60 })),
        'provider_misconfigured',
      );
      assert.equal(error.expected, 'my-api in aud, or the scope openid');
      assert.equal(verifier.stats.refused, 0);
    });
  }

  it('is trusted for recheckSeconds and no longer where an answer is needed', async () => {
    const { realm, verifier } = await startLoaded({ whenUnavailable: 'refuse' });
    const token = mint(realm);
    await verifier.verify(token);
    realm.advance(29.999);
    assertAtOnce(verifier.verify(token));
    realm.advance(0.001);
    for (let i = 0; i < 2; i++) await assertRefused(() => verifier.verify(token), 'provider_misconfigured');
    realm.advance(30);
    await assertRefused(() => verifier.verify(token), 'provider_misconfigured');
  });

  it('is asked about only once for each refusal, where it has to be confirmed', async () => {
    const { realm, verifier } = await startLoaded();
    const token = mint(realm, { aud: undefined });
    await verifier.verify(token);
    await verifier.revoke({ type: 'recheck', issuer: realm.issuer, issuedUntil: realm.now });
    await assertRefused(() => verifier.verify(token), 'token_revoked');
    assert.equal(realm.calls.introspection, 1);
  });

  it('is good until it expires with local, whatever an outage would mean', async () => {
    const { realm, verifier } = await startLoaded({ tokenCheck: 'local', whenUnavailable: 'refuse' });
    const token = mint(realm, { sub: undefined });
    await verifier.verify(token);
    realm.advance(290);
    assertAtOnce(verifier.verify(token));
  });
});
