import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { assertRefused, settle, settleUntil } from '../support/refusal.ts';
import { createTestKey } from '../support/signing-keys.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** A load that is under way, whose answer was made before `next` was published. */
async function loadBeforeRotation(t: TestContext) {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  t.after(() => verifier.close());
  const old = realm.keys.map((key) => key.jwk);
  const next = createTestKey('ES256');
  realm.answers.jwks = 'slow';
  const loading = verifier.load();
  await settle();
  let asked = 0;
  realm.jwks = () => ({ keys: asked++ === 0 ? old : [...old, next.jwk] });
  return { realm, verifier, next, loading, asked: () => asked };
}

it('a key that was published while an older answer was under way is found all the same', async (t) => {
  const { realm, verifier, next, loading, asked } = await loadBeforeRotation(t);
  const verifying = verifier.verify(realm.mint({}, { key: next }));
  realm.answers.jwks = 'normal';
  realm.release();
  await loading;
  assert.equal((await verifying).subject, realm.claims().sub);
  assert.equal(asked(), 2);
});

it('a key that the load under way brings is not asked for again', async (t) => {
  const { realm, verifier, loading, asked } = await loadBeforeRotation(t);
  const verifying = verifier.verify(realm.mint());
  realm.answers.jwks = 'normal';
  realm.release();
  await loading;
  assert.equal((await verifying).subject, realm.claims().sub);
  assert.equal(asked(), 1);
});

it('and asked for once more by one call, however many wait for it', async (t) => {
  const { realm, verifier, next, loading, asked } = await loadBeforeRotation(t);
  const verifying = Array.from({ length: 3 }, () => verifier.verify(realm.mint({}, { key: next })));
  realm.answers.jwks = 'normal';
  realm.release();
  await loading;
  for (const principal of await Promise.all(verifying)) assert.equal(principal.subject, realm.claims().sub);
  assert.equal(asked(), 2);
});

it('once Keycloak is known not to answer, no request waits for a key for longer than a second', async (t) => {
  const realm = createTestRealm();
  const verifier = realm.verifier();
  await verifier.load();
  await verifier.close();
  const next = createTestKey('ES256');
  const verify = () => verifier.verify(realm.mint({}, { key: next }));
  realm.setAll('down');
  await assertRefused(verify, 'provider_unavailable');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  realm.setAll('slow');
  realm.advance(5);
  realm.keys = [next, ...realm.keys];
  const waiting = assertRefused(verify, 'provider_unavailable');
  await settle();
  t.mock.timers.tick(1_000);
  await waiting;
  realm.setAll('normal');
  realm.release();
  await settleUntil(() => verifier.status().lastError === null);
  assert.ok(await verify(), 'the load went on');
});
