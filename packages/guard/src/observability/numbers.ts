import type { ObservedVerifier } from '../core/internal.ts';

/** A number that verifiers count anyway, read when it is collected. No label grows with users. */
export interface NumberOf {
  /** As Prometheus has it, and the dashboard. */
  readonly name: string;
  readonly help: string;
  readonly isCounter?: true;
  /** How those of several verifiers or processes become one. Default `sum`. */
  readonly aggregator?: 'sum' | 'min' | 'max';
  read(verifier: ObservedVerifier): readonly Reading[];
}

export interface Reading {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

const one = (value: number | undefined): Reading[] => (value === undefined ? [] : [{ value }]);

export const NUMBERS: readonly NumberOf[] = [
  {
    name: 'keycloak_guard_token_checks_total',
    help: 'Access tokens that were checked: in memory, by the keys of the realm, or by asking Keycloak',
    isCounter: true,
    read: ({ stats }) =>
      (
        [
          ['cache', 'accepted', stats.cacheHits],
          ['cache', 'refused', stats.refusedKnown],
          ['keys', 'accepted', stats.verified],
          ['keys', 'refused', stats.refused - stats.refusedKnown],
          ['recheck', 'accepted', stats.remoteAccepted],
          ['recheck', 'refused', stats.remoteRefused],
          ['recheck', 'unavailable', stats.remoteUnavailable],
        ] as const
      ).map(([source, result, value]) => ({ value, labels: { source, result } })),
  },
  {
    name: 'keycloak_guard_accepted_unchecked_total',
    help: 'Accepted because Keycloak did not answer, or refused to tell',
    isCounter: true,
    read: ({ stats }) => one(stats.acceptedUnchecked),
  },
  {
    name: 'keycloak_guard_revocations_total',
    help: 'Revocations that came in',
    isCounter: true,
    read: ({ stats }) => one(stats.revocations),
  },
  {
    name: 'keycloak_guard_jwks_fetches_total',
    help: 'Times the keys of the realm were asked for',
    isCounter: true,
    read: (verifier) => one(verifier.status().keysFetches),
  },
  {
    name: 'keycloak_guard_jwks_age_seconds',
    help: 'Since the keys were loaded; -1 before',
    aggregator: 'max',
    read: (verifier) => one(verifier.status().keysAgeSeconds ?? -1),
  },
  {
    name: 'keycloak_guard_keycloak_up',
    help: '0 while Keycloak does not answer',
    aggregator: 'min',
    read(verifier) {
      const { isProviderDown, lastError } = verifier.status();
      return one(isProviderDown || lastError !== null ? 0 : 1);
    },
  },
  {
    name: 'keycloak_guard_cached_tokens',
    help: 'Verified tokens in memory',
    read: (verifier) => one(verifier.status().cachedTokens),
  },
  {
    name: 'keycloak_guard_redis_up',
    help: '0 while disconnected',
    aggregator: 'min',
    read: ({ store: { isConnected } }) => one(isConnected === undefined ? undefined : +isConnected),
  },
  {
    name: 'keycloak_guard_revocation_lag_seconds',
    help: 'From another process to this one, the last time',
    aggregator: 'max',
    read: ({ store }) => one(store.lagSeconds),
  },
  {
    name: 'keycloak_guard_revocations_waiting',
    help: 'Not shared yet',
    // Those of all tenants wait in one store.
    aggregator: 'max',
    read: ({ store }) => one(store.waiting),
  },
  {
    name: 'keycloak_guard_events_heard',
    help: "0 while Keycloak's events are not heard, and Keycloak is asked about tokens as without them",
    aggregator: 'min',
    read({ events }) {
      const status = events.status?.();
      return one(status && +status.isHealthy);
    },
  },
  {
    name: 'keycloak_guard_events_lag_seconds',
    help: "Since Keycloak's events were last read",
    aggregator: 'max',
    read: ({ events }) => one(events.status?.().lagSeconds),
  },
  {
    name: 'keycloak_guard_events_total',
    help: 'Events of Keycloak that were read',
    isCounter: true,
    read: ({ events }) => one(events.status?.().events),
  },
];

/** The verifiers of a process, and their numbers added up. */
export function createNumbers() {
  const verifiers = new Set<ObservedVerifier>();
  // A counter that falls is taken for that of a new process: what verifiers that are closed have counted stays, as of tenants.
  const ended = new Map<NumberOf, readonly Reading[]>();
  const readAll = (number: NumberOf): readonly Required<Reading>[] =>
    sum(number, [...(ended.get(number) ?? []), ...[...verifiers].flatMap(number.read)]);

  return {
    readAll,
    watch(verifier: ObservedVerifier): () => void {
      verifiers.add(verifier);
      return () => {
        if (!verifiers.delete(verifier)) return;
        for (const one of NUMBERS)
          if (one.isCounter) ended.set(one, sum(one, [...(ended.get(one) ?? []), ...one.read(verifier)]));
      };
    },
  };
}

/** By their labels. */
function sum({ aggregator = 'sum' }: NumberOf, readings: readonly Reading[]): readonly Required<Reading>[] {
  const totals = new Map<string, Required<Reading>>();
  for (const { value, labels = {} } of readings) {
    const key = Object.values(labels).join();
    const before = totals.get(key)?.value;
    const both = (other: number) => (aggregator === 'sum' ? other + value : Math[aggregator](other, value));
    totals.set(key, { labels, value: before === undefined ? value : both(before) });
  }
  return [...totals.values()];
}

export const LOGINS = {
  name: 'keycloak_guard_logins_total',
  help: 'Logins, by the way they were done and what came of them',
  labelNames: ['by', 'outcome'],
} as const;

export const CALLS = {
  name: 'keycloak_guard_keycloak_request_duration_seconds',
  help: 'Time until Keycloak has answered, by kind of call and outcome',
  labelNames: ['call', 'outcome'],
  /** Unit: seconds. A login takes a tenth of one. */
  buckets: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
} as const;
