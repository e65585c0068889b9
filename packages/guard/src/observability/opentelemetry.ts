import {
  context as globalContext,
  type MeterProvider,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import type { KeycloakCall, Observer } from '../core/internal.ts';
import { CALLS, createNumbers, LOGINS, NUMBERS } from './numbers.ts';

/** Options of {@link opentelemetry}. The defaults are what the application's SDK has registered globally. */
export interface OpenTelemetryOptions {
  readonly tracerProvider?: TracerProvider | undefined;
  readonly meterProvider?: MeterProvider | undefined;
  /** Knows the span of the request that runs. */
  readonly context?: Pick<typeof globalContext, 'active' | 'with'> | undefined;
}

const NAME = 'keycloak-guard';

/**
 * Metrics and spans by OpenTelemetry. The SDK is the application's: start it first.
 *
 * - Spans, within the span of a request: `check token`, for a token that is not in memory, and `Keycloak <kind>`, for a call.
 *   Nothing that a caller sent is in them. Calls in the background have none.
 * - Metrics: those of `keycloak-guard/prometheus`. A collector that gives them to Prometheus gives them the names that the
 *   dashboard in `deploy/observability/` has: `keycloak_guard.jwks_age` in seconds is `keycloak_guard_jwks_age_seconds`.
 *
 * @example
 * const kc = keycloak({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api', observers: [opentelemetry()] });
 */
export function opentelemetry({
  tracerProvider = trace.getTracerProvider(),
  meterProvider = metrics.getMeterProvider(),
  context = globalContext,
}: OpenTelemetryOptions = {}): Observer {
  const tracer = tracerProvider.getTracer(NAME);
  const meter = meterProvider.getMeter(NAME);
  const { readAll, watch } = createNumbers();

  for (const number of NUMBERS) {
    const instrument = number.isCounter
      ? meter.createObservableCounter(...toInstrument(number))
      : meter.createObservableGauge(...toInstrument(number));
    instrument.addCallback((result) => {
      for (const { labels, value } of readAll(number)) result.observe(value, labels);
    });
  }
  const logins = meter.createCounter(...toInstrument(LOGINS));
  const [name, options] = toInstrument(CALLS);
  const advice = { explicitBucketBoundaries: [...CALLS.buckets] };
  const durations = meter.createHistogram(name, { ...options, advice });

  function startSpan({ kind, method, origin }: KeycloakCall): Span | undefined {
    const parent = context.active();
    // Keys that are fetched in the background belong to no request.
    if (trace.getSpan(parent) === undefined) return undefined;
    const { protocol, hostname, port } = new URL(origin);
    const attributes = {
      'http.request.method': method,
      'keycloak_guard.call': kind,
      'server.address': hostname,
      'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
    };
    return tracer.startSpan(`Keycloak ${kind}`, { kind: SpanKind.CLIENT, attributes }, parent);
  }

  return {
    watch,
    call(call) {
      const span = startSpan(call);
      return {
        headers: span === undefined ? {} : headersOf(span),
        end({ outcome, status, seconds }) {
          durations.record(seconds, { call: call.kind, outcome });
          if (span === undefined) return;
          if (status !== undefined) span.setAttribute('http.response.status_code', status);
          if (outcome !== 'ok') fail(span, status !== undefined && status >= 400 ? String(status) : outcome);
          span.end();
        },
      };
    },
    async check(check) {
      const parent = context.active();
      if (trace.getSpan(parent) === undefined) return check();
      const span = tracer.startSpan('check token', { kind: SpanKind.INTERNAL }, parent);
      try {
        return await context.with(trace.setSpan(parent, span), check);
      } catch (error) {
        fail(span, (error as { code?: string }).code ?? 'error');
        throw error;
      } finally {
        span.end();
      }
    },
    event({ event, by = 'none', outcome }) {
      if (event === 'login') logins.add(1, { by, outcome });
    },
  };
}

/** Without what an exporter for Prometheus adds to a name: the unit, and `total` for counters. */
function toInstrument({ name, help }: { readonly name: string; readonly help: string }) {
  const short = name.replace(/^keycloak_guard_/, 'keycloak_guard.').replace(/_(?:total|seconds)$/, '');
  const unit = name.endsWith('_seconds') ? { unit: 's' } : {};
  return [short, { description: help, ...unit }] as const;
}

function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/**
 * W3C Trace Context §3.2, §3.3. None where the SDK propagates globally: then instrumentations of `fetch` do it, and two headers
 * would be none.
 */
function headersOf(span: Span): Record<string, string> {
  const api = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
  if ((api as { propagation?: unknown } | undefined)?.propagation !== undefined) return {};
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const flags = traceFlags.toString(16).padStart(2, '0');
  const state = traceState?.serialize();
  return { traceparent: `00-${traceId}-${spanId}-${flags}`, ...(state ? { tracestate: state } : {}) };
}
