import { EventEmitter } from 'node:events';
import type { FastifyInstance } from 'fastify';
import type { Verifier } from 'keycloak-guard';
import type { KeycloakEvents } from 'keycloak-guard/events';
import type { Registry } from 'prom-client';
import { LOGIN_OUTCOMES, type Report } from '../audit/security-events.ts';
import { type Logger, streamOf } from '../log/logger.ts';
import type { Breaker } from '../services/breaker.ts';
import type { Turns } from '../services/turns.ts';
import type { SharedState } from '../shared/shared-state.ts';
import {
  CALL_KINDS,
  CALL_OUTCOMES,
  type CallKind,
  type CallOutcome,
  type ObservedFetch,
} from './keycloak-calls.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Numbers for Prometheus; `undefined` where `METRICS_PORT` is not set. */
    metrics: Registry | undefined;
  }
}

interface Sources {
  readonly verifier: Verifier;
  readonly queue: Turns;
  readonly callTurns: Turns;
  readonly breaker: Pick<Breaker, 'isOpen'>;
  readonly shared: SharedState | undefined;
  readonly news: Pick<KeycloakEvents, 'status'> | undefined;
  readonly calls: Pick<ObservedFetch, 'observers'>;
  readonly events: { readonly listeners: Report[] };
  readonly logger: Logger | undefined;
}

/** How the values of several workers are combined. */
type Aggregator = 'sum' | 'min' | 'max';

/** Unit: seconds. A known token is answered in less than a millisecond, a login in a tenth of a second. */
const BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Numbers for Prometheus. What the verifier and the queue count anyway is read when Prometheus asks; requests are
 * counted by route and status. No label grows with users: routes are patterns.
 *
 * Call it before the first route.
 */
export async function collectMetrics(
  app: FastifyInstance,
  { verifier, queue, callTurns, breaker, shared, news, calls, events, logger }: Sources,
): Promise<void> {
  const { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const count = (name: string, help: string, value: () => number): void => {
    new Counter({
      ...{ name, help, registers },
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  };
  const gauge = (name: string, help: string, value: () => number, aggregator: Aggregator = 'sum'): void => {
    new Gauge({
      ...{ name, help, registers, aggregator },
      collect() {
        this.set(value());
      },
    });
  };

  const { stats } = verifier;
  new Counter({
    name: 'keycloak_guard_token_checks_total',
    help: 'Access tokens that were checked: in memory, by the keys of the realm, or by asking Keycloak',
    labelNames: ['source', 'result'],
    registers,
    collect() {
      this.reset();
      this.inc({ source: 'cache', result: 'accepted' }, stats.cacheHits);
      this.inc({ source: 'cache', result: 'refused' }, stats.refusedKnown);
      this.inc({ source: 'keys', result: 'accepted' }, stats.verified);
      this.inc({ source: 'keys', result: 'refused' }, stats.refused - stats.refusedKnown);
      this.inc({ source: 'recheck', result: 'accepted' }, stats.remoteAccepted);
      this.inc({ source: 'recheck', result: 'refused' }, stats.remoteRefused);
      this.inc({ source: 'recheck', result: 'unavailable' }, stats.remoteUnavailable);
    },
  });
  count(
    'keycloak_guard_accepted_unchecked_total',
    'Accepted because Keycloak did not answer, or refused to tell',
    () => {
      return stats.acceptedUnchecked;
    },
  );
  count('keycloak_guard_revocations_total', 'Revocations that came in', () => stats.revocations);
  count('keycloak_guard_jwks_fetches_total', 'Times the keys of the realm were asked for', () => {
    return verifier.status().keysFetches;
  });
  gauge(
    'keycloak_guard_jwks_age_seconds',
    'Since the keys were loaded; -1 before',
    () => {
      return verifier.status().keysAgeSeconds ?? -1;
    },
    'max',
  );
  gauge(
    'keycloak_guard_keycloak_up',
    '0 while Keycloak does not answer',
    () => {
      const { isProviderDown, lastError } = verifier.status();
      return isProviderDown || lastError !== null ? 0 : 1;
    },
    'min',
  );
  gauge('keycloak_guard_cached_tokens', 'Verified tokens in memory', () => verifier.status().cachedTokens);
  gauge('keycloak_guard_logins_in_flight', 'Password checks at Keycloak', () => queue.inFlight);
  gauge('keycloak_guard_logins_waiting', 'Password checks that wait for their turn', () => queue.waiting);
  const others = 'Refreshes, logouts and sign-ins';
  gauge('keycloak_guard_calls_in_flight', `${others} at Keycloak`, () => callTurns.inFlight);
  gauge('keycloak_guard_calls_waiting', `${others} that wait for their turn`, () => callTurns.waiting);
  gauge(
    'keycloak_guard_calls_stopped',
    '1 while logins and the like are refused at once, because Keycloak hangs',
    () => {
      return breaker.isOpen ? 1 : 0;
    },
    'max',
  );
  if (shared?.through === 'redis') {
    gauge(
      'keycloak_guard_redis_up',
      '0 while disconnected',
      () => {
        return shared.status().isConnected ? 1 : 0;
      },
      'min',
    );
    gauge(
      'keycloak_guard_revocation_lag_seconds',
      'From another replica to this one, the last time',
      () => {
        return shared.numbers().lagSeconds;
      },
      'max',
    );
    gauge('keycloak_guard_revocations_waiting', 'Not shared yet', () => shared.numbers().waiting);
  }

  if (news !== undefined) {
    gauge(
      'keycloak_guard_events_heard',
      "0 while Keycloak's events are not heard, and Keycloak is asked about tokens as without them",
      () => (news.status().isHealthy ? 1 : 0),
      'min',
    );
    gauge(
      'keycloak_guard_events_lag_seconds',
      "Since Keycloak's events were last read",
      () => news.status().lagSeconds,
      'max',
    );
    count('keycloak_guard_events_total', 'Events of Keycloak that were read', () => news.status().events);
  }

  const dropped = new Counter({
    name: 'keycloak_guard_log_lines_dropped_total',
    help: 'Dropped because the reader of the log is too slow',
    registers,
  });
  const log: unknown = logger && streamOf(logger);
  if (log instanceof EventEmitter) log.on('drop', () => dropped.inc());

  const times = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer, by route and status',
    labelNames: ['route', 'status'],
    buckets: BUCKETS,
    registers,
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    times.observe({ route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });

  const logins = new Counter({
    name: 'keycloak_guard_logins_total',
    help: 'Logins, by the way they were done and what came of them',
    labelNames: ['by', 'outcome'],
    registers,
  });
  // From zero on, so that the first failure is an increase.
  for (const outcome of LOGIN_OUTCOMES) logins.inc({ by: 'password', outcome }, 0);
  events.listeners.push((_request, { event, by = 'none', outcome }) => {
    if (event === 'login') logins.inc({ by, outcome });
  });

  const seconds = new Histogram({
    name: 'keycloak_guard_keycloak_request_duration_seconds',
    help: 'Time until Keycloak has answered, by kind of call and outcome',
    labelNames: ['call', 'outcome'],
    buckets: BUCKETS,
    registers,
  });
  const byCall = Object.fromEntries(
    CALL_KINDS.map((call) => [
      call,
      Object.fromEntries(CALL_OUTCOMES.map((outcome) => [outcome, seconds.labels({ call, outcome })])),
    ]),
  ) as Record<CallKind, Record<CallOutcome, ReturnType<typeof seconds.labels>>>;
  calls.observers.push((kind) => ({
    end: (result) => byCall[kind][result.outcome].observe(result.seconds),
  }));
  app.metrics = registry;
}
