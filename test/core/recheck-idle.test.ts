import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { assertAtOnce, assertRefused, settle } from '../support/refusal.ts';
import { startLoaded } from '../support/test-realm.ts';

/** Two tokens that are known, and a Keycloak that stopped answering, or takes longer than a request waits. */
async function startDown(t: TestContext, how: 'down' | 'slow') {
  let passed = 0;
  t.mock.method(performance, 'now', () => passed);
  const { realm, verifier } = await startLoaded();
  const pass = (seconds: number) => {
    realm.advance(seconds);
    passed += seconds * 1000;
  };
  const mint = () => realm.mint({ exp: realm.now + 7200 });
  const [token, other] = [mint(), mint()];
  await verifier.verify(token);
  await verifier.verify(other);
  pass(30);
  realm.setAll(how);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const waiting = verifier.verify(token);
  await settle();
  t.mock.timers.tick(1_000);
  assert.ok(await waiting);
  t.mock.timers.reset();
  return { realm, verifier, pass, token, other };
}

for (const how of ['down', 'slow'] as const) {
  it(`that Keycloak was ${how} is believed for ten seconds, and then a request waits again`, async (t) => {
    const { realm, verifier, pass, other } = await startDown(t, how);
    pass(9.999);
    realm.setAll('slow');
    assertAtOnce(verifier.verify(other));
    pass(0.001);
    const waiting = verifier.verify(other);
    assert.ok(waiting instanceof Promise);
    realm.release();
    await waiting;
  });

  it(`that Keycloak was ${how} counts for new tokens too: they are let in unchecked`, async (t) => {
    const { realm, verifier } = await startDown(t, how);
    const before = verifier.stats.acceptedUnchecked;
    await verifier.verify(realm.mint({ iat: realm.now - 60, exp: realm.now + 60 }));
    assert.equal(verifier.stats.acceptedUnchecked, before + 1);
  });

  it(`who was disabled in an hour without requests, after Keycloak was ${how}, is not let in once more`, async (t) => {
    const { realm, verifier, pass, token, other } = await startDown(t, how);
    realm.setAll('normal');
    pass(2);
    realm.release();
    await settle();
    realm.introspect = () => ({ active: false });
    pass(3600);
    await Promise.all(
      [token, other].map((one) => assertRefused(() => verifier.verify(one), 'token_revoked')),
    );
  });
}

it('that Keycloak answers at last does not say that it is quick again', async (t) => {
  const { realm, verifier, pass, other } = await startDown(t, 'slow');
  pass(2);
  realm.release();
  await settle();
  assertAtOnce(verifier.verify(other));
});

it('is asked again soon after Keycloak did not answer', async () => {
  const { realm, verifier } = await startLoaded();
  const token = realm.mint({ exp: realm.now + 3_600 });
  await verifier.verify(token);
  realm.setAll('down');
  realm.advance(16);
  for (const asked of [1, 2]) {
    assertAtOnce(verifier.verify(token));
    await settle();
    assert.equal(realm.calls.introspection, asked);
    realm.setAll('normal');
    realm.advance(4);
  }
});
