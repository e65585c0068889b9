import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { createMemoryRevocationStore } from '../../packages/guard/src/core/index.ts';
import { prometheus } from '../../packages/guard/src/observability/prometheus.ts';
import { createTestRealm } from '../support/test-realm.ts';

test('what a verifier has counted stays when it is closed, as of a tenant that leaves memory: a counter never falls', async () => {
  const register = new Registry();
  const observers = [prometheus({ register })];
  const realm = createTestRealm();
  const [first, second] = [realm.verifier({ observers }), realm.verifier({ observers })];
  const numbers = async () =>
    (await register.metrics())
      .split('\n')
      .filter((line) => /^keycloak_guard_(token|jwks|cached).* [1-9]/.test(line));
  const token = realm.mint();
  for (const one of [first, second]) for (let at = 0; at < 3; at++) await one.verify(token);
  const counters = [
    'keycloak_guard_token_checks_total{source="cache",result="accepted"} 4',
    'keycloak_guard_token_checks_total{source="keys",result="accepted"} 2',
    'keycloak_guard_jwks_fetches_total 2',
  ];
  assert.deepEqual(await numbers(), [...counters, 'keycloak_guard_cached_tokens 2']);
  await first.close();
  await first.close();
  assert.deepEqual(await numbers(), [...counters, 'keycloak_guard_cached_tokens 1']);
  await second.close();
  assert.deepEqual(await numbers(), counters);
});

test('revocations that wait in the store of several verifiers, as those of tenants, are counted once', async (t) => {
  const register = new Registry();
  const observers = [prometheus({ register })];
  const revocationStore = { ...createMemoryRevocationStore(), isConnected: false, waiting: 3 };
  const realm = createTestRealm();
  for (let at = 0; at < 2; at++) {
    const verifier = realm.verifier({ observers, revocationStore });
    t.after(() => verifier.close());
  }
  assert.match(await register.metrics(), /^keycloak_guard_revocations_waiting 3$/m);
});
