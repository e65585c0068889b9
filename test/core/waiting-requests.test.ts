import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertAtOnce, assertRefused, settle } from '../support/refusal.ts';
import { startLoaded } from '../support/test-realm.ts';

/** A known token whose trust is over, and a request that waits until Keycloak was asked about it. */
async function startWaiting(tokenCheck: 'recheck' | 'remote' = 'recheck', exp = 300) {
  const { realm, verifier } = await startLoaded({ tokenCheck });
  const token = realm.mint({ sid: 's1', exp: realm.now + exp });
  await verifier.verify(token);
  realm.advance(30);
  realm.answers.introspection = 'slow';
  const waiting = verifier.verify(token);
  await settle();
  return { realm, verifier, token, waiting };
}

describe('a request that waits for an answer about its token', () => {
  for (const tokenCheck of ['recheck', 'remote'] as const) {
    it(`is refused where the token was revoked meanwhile (${tokenCheck})`, async () => {
      const { realm, verifier, waiting } = await startWaiting(tokenCheck);
      await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
      realm.release();
      await assertRefused(() => waiting, 'token_revoked');
      assert.equal(verifier.status().cachedTokens, 0);
      assert.deepEqual([verifier.stats.refused, verifier.stats.refusedKnown], [1, 1]);
    });

    it(`is refused where the token expired meanwhile (${tokenCheck})`, async () => {
      const { realm, waiting, verifier } = await startWaiting(tokenCheck, 40);
      realm.advance(15);
      realm.release();
      await assertRefused(() => waiting, 'token_expired');
      assert.equal(verifier.status().cachedTokens, 0);
    });

    it(`is refused where the key left the realm meanwhile (${tokenCheck})`, async () => {
      const { realm, verifier, waiting } = await startWaiting(tokenCheck);
      const { keys } = verifier.context;
      realm.jwks = () => ({ keys: [{ ...realm.signer.jwk, kid: 'next' }] });
      realm.advance(5);
      assert.ok(await keys.find('next'));
      realm.release();
      await assertRefused(() => waiting, 'token_key_unknown');
    });
  }

  it('is refused where Keycloak did not answer, and the token was revoked meanwhile', async () => {
    const { realm, verifier, waiting } = await startWaiting();
    await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 's1' });
    realm.answers.introspection = 'down';
    // The call that hangs ends as one that never came back.
    realm.introspect = () => ({ status: 502, body: '' });
    realm.release();
    await assertRefused(() => waiting, 'token_revoked');
  });
});

describe('a good answer', () => {
  it('counts from the question: not a second more, however long it took', async () => {
    const { realm, verifier, token, waiting } = await startWaiting();
    realm.advance(4);
    realm.release();
    await waiting;
    realm.answers.introspection = 'normal';
    realm.introspect = () => ({ active: false });
    realm.advance(25.999);
    realm.answers.introspection = 'slow';
    assertAtOnce(verifier.verify(token));
    realm.advance(0.001);
    const late = verifier.verify(token);
    assert.ok(late instanceof Promise);
    realm.release();
    await settle();
    realm.release();
    await assertRefused(() => late, 'token_revoked');
  });

  it('to a question that is older than the trust is not enough for who came later: asked again', async () => {
    const { realm, verifier, token, waiting } = await startWaiting();
    realm.advance(30);
    const late = verifier.verify(token);
    await settle();
    assert.equal(realm.calls.introspection, 1);
    realm.release();
    await waiting;
    await settle();
    assert.equal(realm.calls.introspection, 2);
    realm.introspect = () => ({ active: false });
    realm.release();
    await assertRefused(() => late, 'token_revoked');
  });
});
