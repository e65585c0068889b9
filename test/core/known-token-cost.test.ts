import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertAtOnce, assertRefused } from '../support/refusal.ts';
import { startLoaded } from '../support/test-realm.ts';

it('a known token is held against keys and revocations again only when one of them changed', async (t) => {
  const { realm, verifier } = await startLoaded();
  const token = realm.mint();
  await verifier.verify(token);
  realm.setAll('down');
  realm.advance(30);
  await verifier.verify(token);
  const { mock } = t.mock.method(verifier.context.keys, 'get');
  for (let i = 0; i < 10; i++) assertAtOnce(verifier.verify(token));
  assert.equal(mock.callCount(), 0);
  await verifier.revoke({ type: 'session', issuer: realm.issuer, sessionId: 'another' });
  for (let i = 0; i < 10; i++) assertAtOnce(verifier.verify(token));
  assert.equal(mock.callCount(), 1);
});

it('a token that expires while Keycloak is asked about it is refused', async () => {
  const { realm, verifier } = await startLoaded();
  realm.introspect = () => {
    realm.advance(60);
    return { status: 503, body: '' };
  };
  const token = realm.mint({ iat: realm.now - 60, exp: realm.now + 50 });
  await assertRefused(() => verifier.verify(token), 'token_expired');
  assert.equal(verifier.status().cachedTokens, 0);
});

it('what is counted as answered from memory was answered from memory', async () => {
  for (const tokenCheck of ['recheck', 'local', 'remote'] as const) {
    const { realm, verifier } = await startLoaded({ tokenCheck });
    const token = realm.mint();
    await verifier.verify(token);
    const seen: number[] = [];
    for (const seconds of [0, 15, 30, -10]) {
      realm.advance(seconds);
      await verifier.verify(token);
      seen.push(verifier.stats.cacheHits);
    }
    const expected = { recheck: [1, 2, 2, 2], local: [1, 2, 3, 4], remote: [0, 0, 0, 0] };
    assert.deepEqual(seen, expected[tokenCheck], tokenCheck);
  }
  const { realm, verifier } = await startLoaded({ whenUnavailable: 'refuse' });
  const token = realm.mint();
  await verifier.verify(token);
  realm.setAll('down');
  realm.advance(30);
  for (let i = 0; i < 2; i++) await assertRefused(() => verifier.verify(token), 'provider_unavailable');
  assert.equal(verifier.stats.cacheHits, 0);
});
