import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertAtOnce, assertRefused, settle, settleUntil } from '../support/refusal.ts';
import { claimsOf, startLoaded, type TestRealm } from '../support/test-realm.ts';

/** Introspection answers everybody but Mallory. */
function failFor(realm: TestRealm, fail: () => Promise<never> | { status: number; body: unknown }) {
  realm.introspect = (token) => (claimsOf(token).sub === 'mallory' ? fail() : { active: true });
}
const never = () => new Promise<never>(() => {});
const cut = () => Promise.reject(new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } }));
const old = (realm: TestRealm, sub: string) => realm.mint({ sub, iat: realm.now - 60 });

describe('an account about which Keycloak gives no answer', () => {
  it('lets nobody else in whom Keycloak would refuse: their answers are waited for', async (t) => {
    const { realm, verifier } = await startLoaded();
    failFor(realm, never);
    const known = realm.mint({ sub: 'bob', exp: realm.now + 3_600 });
    await verifier.verify(known);
    t.mock.timers.enable({ apis: ['setTimeout'] });
    realm.advance(30);
    const waiting = verifier.verify(old(realm, 'mallory'));
    await settleUntil(() => verifier.stats.remoteChecks >= 1);
    t.mock.timers.tick(1_000);
    await waiting;
    realm.introspect = () => ({ active: false });
    await assertRefused(() => verifier.verify(known), 'token_revoked');
    assert.equal(verifier.status().isProviderDown, false);
  });

  it('is not the probe that everybody waits for, nor an outage that is told', async () => {
    const { realm, verifier } = await startLoaded({ whenUnavailable: 'refuse' });
    failFor(realm, cut);
    for (let round = 0; round < 3; round++) {
      await assert.rejects(async () => verifier.verify(old(realm, 'mallory')));
      assert.ok(await verifier.verify(old(realm, 'bob')), `round ${round}`);
    }
    assert.deepEqual(
      realm.notices.map(({ code }) => code),
      ['keys_loaded'],
    );
  });

  it('of an organization that they left, keeps nobody in, nor out', async () => {
    for (const tokenCheck of ['recheck', 'remote'] as const) {
      const { realm, verifier } = await startLoaded({ tokenCheck });
      const isFormer = (token: string) => /^former/.test(String(claimsOf(token).sub));
      realm.introspect = (token) =>
        isFormer(token)
          ? {
              status: 400,
              body: { error: 'invalid_request', error_description: 'Failed to introspect token.' },
            }
          : { active: claimsOf(token).sub !== 'disabled' };
      realm.userinfo = () => ({
        status: 400,
        body: { error: 'invalid_grant', error_description: 'Invalid organization' },
      });
      for (let i = 0; i < 4; i++)
        await assertRefused(() => verifier.verify(old(realm, `former ${i}`)), 'token_revoked');
      await assertRefused(() => verifier.verify(old(realm, 'disabled')), 'token_revoked');
      assert.ok(await verifier.verify(old(realm, 'bob')));
    }
  });

  it('leaves slots to others, however many of its tokens are asked about', async () => {
    const { realm, verifier } = await startLoaded({ whenUnavailable: 'refuse', timeoutMs: 60_000 });
    failFor(realm, never);
    for (let i = 0; i < 100; i++)
      void Promise.resolve(verifier.verify(old(realm, 'mallory'))).catch(() => {});
    await settleUntil(() => verifier.stats.verified >= 100);
    let isIn = false;
    void Promise.resolve(verifier.verify(old(realm, 'bob'))).then(() => {
      isIn = true;
    });
    await settleUntil(() => verifier.stats.verified >= 101);
    await settle();
    assert.ok(isIn, 'bob waits for her slots');
  });

  it('leaves room for others in the background too', async () => {
    const { realm, verifier } = await startLoaded();
    failFor(realm, never);
    const hers = Array.from({ length: 40 }, () => realm.mint({ sub: 'mallory' }));
    const his = realm.mint({ sub: 'bob' });
    for (const token of [...hers, his]) await verifier.verify(token);
    realm.advance(16);
    for (const token of hers) assertAtOnce(verifier.verify(token));
    await settle();
    const before = realm.calls.introspection;
    assertAtOnce(verifier.verify(his));
    await settle();
    assert.equal(realm.calls.introspection, before + 1);
  });
});
