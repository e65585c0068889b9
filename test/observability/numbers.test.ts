import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { createMemoryRevocationStore } from '../../packages/guard/src/core/index.ts';
import { createNumbers, NUMBERS } from '../../packages/guard/src/observability/numbers.ts';
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

/** A verifier with numbers of its own. */
function toObserved(more: { stats?: object; status?: object; store?: object; events?: object } = {}) {
  const counts = {
    cacheHits: 1,
    refusedKnown: 2,
    verified: 3,
    refused: 7,
    remoteAccepted: 4,
    remoteRefused: 5,
    remoteUnavailable: 6,
  };
  const status = {
    keysFetches: 8,
    keysAgeSeconds: 9,
    isProviderDown: false,
    lastError: null,
    cachedTokens: 10,
    ...more.status,
  };
  return {
    stats: { ...counts, acceptedUnchecked: 11, revocations: 12, ...more.stats },
    status: () => status,
    store: more.store ?? {},
    events: more.events ? { status: () => more.events } : {},
  } as never;
}
const short = (name: string) => name.replace('keycloak_guard_', '');

test('each number of several verifiers is their sum, or the worst of them', () => {
  const read = (...verifiers: ReturnType<typeof toObserved>[]) => {
    const numbers = createNumbers();
    for (const one of verifiers) numbers.watch(one);
    return Object.fromEntries(
      NUMBERS.map((number) => [short(number.name), numbers.readAll(number).map(({ value }) => value)]),
    );
  };
  const none = {
    redis_up: [],
    revocation_lag_seconds: [],
    revocations_waiting: [],
    events_heard: [],
    events_lag_seconds: [],
    events_total: [],
  };
  const first = {
    ...{ token_checks_total: [1, 2, 3, 5, 4, 5, 6], accepted_unchecked_total: [11], revocations_total: [12] },
    ...{ jwks_fetches_total: [8], jwks_age_seconds: [9], keycloak_up: [1], cached_tokens: [10] },
  };
  assert.deepEqual(read(toObserved()), { ...first, ...none });
  const store = { isConnected: true, lagSeconds: 2, waiting: 3 };
  const events = { isHealthy: true, lagSeconds: 4, events: 5 };
  const second = toObserved({
    ...{ store, events },
    status: { keysAgeSeconds: undefined, lastError: 'told' },
  });
  assert.deepEqual(read(second), {
    ...{ ...first, jwks_age_seconds: [-1], keycloak_up: [0] },
    ...{ redis_up: [1], revocation_lag_seconds: [2], revocations_waiting: [3] },
    ...{ events_heard: [1], events_lag_seconds: [4], events_total: [5] },
  });
  const third = toObserved({
    store: { isConnected: false, lagSeconds: 1, waiting: 9 },
    events: { isHealthy: false, lagSeconds: 1, events: 1 },
    status: { isProviderDown: true, keysAgeSeconds: 20 },
  });
  assert.deepEqual(read(second, third, toObserved()), {
    ...{
      token_checks_total: [3, 6, 9, 15, 12, 15, 18],
      accepted_unchecked_total: [33],
      revocations_total: [36],
    },
    ...{ jwks_fetches_total: [24], jwks_age_seconds: [20], keycloak_up: [0], cached_tokens: [30] },
    ...{ redis_up: [0], revocation_lag_seconds: [2], revocations_waiting: [9] },
    ...{ events_heard: [0], events_lag_seconds: [4], events_total: [6] },
  });
});

test('a verifier that is closed keeps its counts, once, and nothing of what is only so now', () => {
  const { watch, readAll } = createNumbers();
  const ends = [toObserved(), toObserved()].map(watch);
  for (const end of [ends[0], ends[0]]) end?.();
  const of = (name: string) => {
    const number = NUMBERS.find((one) => short(one.name) === name);
    return number && readAll(number).map(({ value }) => value);
  };
  assert.deepEqual([of('revocations_total'), of('cached_tokens')], [[24], [10]]);
  ends[1]?.();
  assert.deepEqual([of('revocations_total'), of('cached_tokens'), of('keycloak_up')], [[24], [], []]);
});
