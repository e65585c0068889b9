import { Counter, Gauge, register as globalRegister, Histogram, type Registry } from 'prom-client';
import type { Observer } from '../core/internal.ts';
import { CALLS, createNumbers, LOGINS, NUMBERS } from './numbers.ts';

/** Options of {@link prometheus}. */
export interface PrometheusOptions {
  /** Where the metrics are registered. Default: prom-client's own, whose `metrics()` most applications answer with. */
  readonly register?: Registry | undefined;
}

/**
 * Metrics for Prometheus, by prom-client: token checks, revocations, keys, logins with the browser, and calls to Keycloak with
 * their duration. The names are those of the dashboard and the alerts in `deploy/observability/`. What a verifier counts anyway
 * is read when Prometheus asks, so a request with a known token costs nothing.
 *
 * Made once for all adapters and verifiers of a process: their numbers are added up.
 *
 * @throws {Error} where metrics of these names are registered already
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api', observers: [prometheus()] });
 */
export function prometheus({ register = globalRegister }: PrometheusOptions = {}): Observer {
  const registers = [register];
  const { readAll, watch } = createNumbers();

  for (const number of NUMBERS) {
    const { name, help, isCounter, aggregator = 'sum' } = number;
    const labelNames = name === 'keycloak_guard_token_checks_total' ? ['source', 'result'] : [];
    const shared = { name, help, labelNames, registers };
    if (isCounter) {
      new Counter({
        ...shared,
        collect() {
          this.reset();
          if (labelNames.length === 0) this.remove();
          for (const { labels, value } of readAll(number)) this.inc(labels, value);
        },
      });
    } else {
      new Gauge({
        ...{ ...shared, aggregator },
        collect() {
          // Of what nobody has, no value is shown.
          this.remove();
          for (const { value } of readAll(number)) this.set(value);
        },
      });
    }
  }
  const logins = new Counter({ ...LOGINS, labelNames: [...LOGINS.labelNames], registers });
  const calls = new Histogram({
    ...CALLS,
    labelNames: [...CALLS.labelNames],
    buckets: [...CALLS.buckets],
    registers,
  });

  return {
    watch,
    call: ({ kind }) => ({
      end: ({ outcome, seconds }) => calls.observe({ call: kind, outcome }, seconds),
    }),
    event({ event, by = 'none', outcome }) {
      if (event === 'login') logins.inc({ by, outcome });
    },
  };
}
