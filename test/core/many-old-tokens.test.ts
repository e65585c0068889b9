import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertRefused, settleUntil } from '../support/refusal.ts';
import { startLoaded, type TestRealm } from '../support/test-realm.ts';

/** Counts how many calls are under way at once; each takes a turn of the event loop. */
function watch(realm: TestRealm) {
  const seen = { now: 0, most: 0 };
  realm.introspect = async () => {
    seen.most = Math.max(seen.most, ++seen.now);
    await new Promise((resolve) => setImmediate(resolve));
    seen.now--;
    return { active: true };
  };
  return seen;
}
const mintOld = (realm: TestRealm, howMany: number) =>
  Array.from({ length: howMany }, (_, i) => realm.mint({ iat: realm.now - 60, sub: `user-${i}` }));

describe('after a restart, when every token is old', () => {
  for (const options of [{ whenUnavailable: 'refuse' }, { tokenCheck: 'remote' }] as const) {
    it(`Keycloak is asked about all of them, 64 at a time: ${JSON.stringify(options)}`, async () => {
      const { realm, verifier } = await startLoaded({ ...options, timeoutMs: 60_000 });
      const seen = watch(realm);
      const tokens = mintOld(realm, 300);
      const all = await Promise.all(tokens.map((token) => verifier.verify(token)));
      assert.ok(all.every(({ username }) => username === 'abdullah'));
      assert.deepEqual([realm.calls.introspection, seen.most], [300, 64]);
    });
  }

  it('whoever cannot wait is let in by a good signature, and asked about in its turn', async (t) => {
    const { realm, verifier } = await startLoaded();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    realm.answers.introspection = 'slow';
    const all = mintOld(realm, 100).map((token) => verifier.verify(token));
    // Signatures are checked on other threads: nobody waits for a turn before that.
    await settleUntil(() => realm.calls.introspection >= 64 && verifier.stats.verified >= 100);
    t.mock.timers.tick(1_000);
    await Promise.all(all);
    assert.equal(verifier.stats.acceptedUnchecked, 100);
    assert.equal(realm.calls.introspection, 64);
    realm.answers.introspection = 'normal';
    realm.release();
    await settleUntil(() => realm.calls.introspection >= 100);
  });

  it('who waits for a turn longer than a call may take has no answer: 503', async (t) => {
    const { realm, verifier } = await startLoaded({ whenUnavailable: 'refuse', timeoutMs: 60_000 });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    realm.answers.introspection = 'slow';
    const all = mintOld(realm, 65).map((token) => verifier.verify(token));
    await settleUntil(() => realm.calls.introspection >= 64 && verifier.stats.verified >= 65);
    t.mock.timers.tick(60_000);
    realm.release();
    const refused = (await Promise.allSettled(all)).filter(({ status }) => status === 'rejected');
    assert.deepEqual(
      refused.map((one) => (one as PromiseRejectedResult).reason.code),
      ['provider_unavailable'],
    );
    assert.equal(verifier.status().isProviderDown, false);
    realm.answers.introspection = 'normal';
    assert.ok(await verifier.verify(realm.mint({ iat: realm.now - 60 })), 'its turn is free again');
  });

  it('a Keycloak that is down is not asked by each of those that waited', async () => {
    const { realm, verifier } = await startLoaded({ whenUnavailable: 'refuse' });
    realm.answers.introspection = 'slow';
    const all = mintOld(realm, 500).map((token) => verifier.verify(token));
    await settleUntil(() => realm.calls.introspection >= 64);
    realm.introspect = () => ({ status: 503, body: '' });
    realm.release();
    const refused = await Promise.all(all.map((one) => assertRefused(() => one, 'provider_unavailable')));
    assert.equal(refused.length, 500);
    assert.equal(realm.calls.introspection, 64);
  });
});
