import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryRevocationStore } from '../../packages/guard/src/core/index.ts';
import { createCatchUp } from '../../packages/guard/src/core/revocation/revocation-store.ts';
import { createRevocationHub } from '../../packages/guard/src/tenants/revocation-hub.ts';
import { createTestRealm } from '../support/test-realm.ts';

test('no token is taken before the store says what other processes knew', async () => {
  const realm = createTestRealm();
  let resolveCaughtUp = () => {};
  const caughtUp = new Promise<void>((resolve) => {
    resolveCaughtUp = resolve;
  });
  const store = { ...createMemoryRevocationStore(), whenCaughtUp: () => caughtUp };
  const verifier = realm.verifier({ revocationStore: store, tokenCheck: 'local' });
  let isTaken = false;
  const taking = Promise.resolve(verifier.verify(realm.mint())).then(() => {
    isTaken = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isTaken, false);
  resolveCaughtUp();
  await taking;
  await verifier.close();
});

test('a store that fails to say it keeps nobody waiting', async () => {
  const failing = async () => Promise.reject(new Error('away'));
  const catchUp = createCatchUp({ ...createMemoryRevocationStore(), whenCaughtUp: failing });
  await catchUp.whenDone();
  assert.equal(catchUp.whenDone(), undefined);
});

test('what is known of a realm is kept for as long as a verifier that comes later asks for', () => {
  const hub = createRevocationHub();
  const revocation = {
    type: 'session',
    issuer: 'https://sso.example.com/realms/a',
    sessionId: 's1',
  } as const;
  const { add, log } = hub.of('a', revocation.issuer);
  add(revocation);
  log.keepFor(400_000);
  log.keepFor(1);
  assert.equal(log.size(), 1);
  hub.close();
});
