import { EventEmitter } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { prometheus } from 'keycloak-guard/prometheus';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { LOGIN_OUTCOMES } from '../audit/security-events.ts';
import { type Logger, streamOf } from '../log/logger.ts';
import type { Breaker } from '../services/breaker.ts';
import type { Turns } from '../services/turns.ts';
import type { Answer } from './answers.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Numbers for Prometheus; `undefined` where `METRICS_PORT` is not set. */
    metrics: Registry | undefined;
  }
}

/** Numbers for Prometheus. */
export type Metrics = ReturnType<typeof createMetrics>;

interface Sources {
  readonly queue: Turns;
  readonly callTurns: Turns;
  readonly breaker: Pick<Breaker, 'isOpen'>;
  readonly logger: Logger | undefined;
}

/** No label grows with users: routes are patterns. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const observer = prometheus({ register: registry });

  function gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(value());
      },
    });
  }

  const times = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer, by route and status',
    labelNames: ['route', 'status'],
    // A known token is answered in less than a millisecond, a login in a tenth of a second.
    buckets: [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });

  return {
    /** Counts what verifier, client and guards do. */
    observer,
    /** Counts requests and their times. */
    onAnswered({ route = 'none', reply: { statusCode: status } }: Answer, ms: number): void {
      times.observe({ route, status }, ms / 1000);
    },
    /** Counts what the service does beside. */
    collect(app: FastifyInstance, { queue, callTurns, breaker, logger }: Sources): void {
      collectDefaultMetrics({ register: registry });
      gauge('keycloak_guard_logins_in_flight', 'Password checks at Keycloak', () => queue.inFlight);
      gauge('keycloak_guard_logins_waiting', 'Password checks that wait for their turn', () => queue.waiting);
      const others = 'Refreshes, logouts and sign-ins';
      gauge('keycloak_guard_calls_in_flight', `${others} at Keycloak`, () => callTurns.inFlight);
      gauge('keycloak_guard_calls_waiting', `${others} that wait for their turn`, () => callTurns.waiting);
      const stopped = '1 while logins and the like are refused at once, because Keycloak hangs';
      gauge('keycloak_guard_calls_stopped', stopped, () => (breaker.isOpen ? 1 : 0));

      const dropped = new Counter({
        name: 'keycloak_guard_log_lines_dropped_total',
        help: 'Dropped because the reader of the log is too slow',
        registers,
      });
      const log: unknown = logger && streamOf(logger);
      if (log instanceof EventEmitter) log.on('drop', () => dropped.inc());

      // From zero on, so that the first failure is an increase.
      const logins = registry.getSingleMetric('keycloak_guard_logins_total') as Counter;
      for (const outcome of LOGIN_OUTCOMES) logins.inc({ by: 'password', outcome }, 0);
      app.metrics = registry;
    },
  };
}
