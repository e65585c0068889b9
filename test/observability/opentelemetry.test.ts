import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { type Context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { NUMBERS } from '../../packages/guard/src/observability/numbers.ts';
import { opentelemetry } from '../../packages/guard/src/observability/opentelemetry.ts';
import { createTestRealm } from '../support/test-realm.ts';

/** The SDK of an application, in memory. */
function createSdk() {
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const active = new AsyncLocalStorage<Context>();
  const context = {
    active: () => active.getStore() ?? ROOT_CONTEXT,
    with: ((within: Context, run: () => unknown) => active.run(within, run)) as never,
  };
  /** As an instrumentation of the framework does for a request. */
  async function inRequest<T>(run: () => T) {
    const span = tracerProvider.getTracer('http').startSpan('GET /orders');
    const result = await active.run(trace.setSpan(ROOT_CONTEXT, span), run);
    span.end();
    return { result, span: span.spanContext() };
  }
  async function metrics() {
    await meterProvider.forceFlush();
    const [last] = exporter.getMetrics().slice(-1);
    return (last?.scopeMetrics ?? []).flatMap((scope) => scope.metrics);
  }
  return { spans, inRequest, metrics, options: { tracerProvider, meterProvider, context } };
}

test('a new token has a span in that of its request, with the calls to Keycloak in it; a known one has none', async (t) => {
  const sdk = createSdk();
  const realm = createTestRealm();
  const sent: (string | null)[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    sent.push(new Headers(init?.headers).get('traceparent'));
    return realm.fetch(input, init);
  };
  const verifier = realm.verifier({ fetch, observers: [opentelemetry(sdk.options)] });
  t.after(() => verifier.close());
  const token = realm.mint();
  const { span: request } = await sdk.inRequest(async () => verifier.verify(token));
  const all = sdk.spans.getFinishedSpans();
  const named = (name: string) => all.find((one) => one.name === name);
  const check = named('check token');
  assert.equal(check?.parentSpanContext?.spanId, request.spanId);
  for (const name of ['Keycloak discovery', 'Keycloak jwks']) {
    const call = named(name);
    assert.equal(call?.parentSpanContext?.spanId, check?.spanContext().spanId, name);
    assert.deepEqual(call?.attributes, {
      'http.request.method': 'GET',
      'keycloak_guard.call': name.slice('Keycloak '.length),
      'server.address': new URL(realm.serverUrl).hostname,
      'server.port': 443,
      'http.response.status_code': 200,
    });
    assert.ok(sent.includes(`00-${request.traceId}-${call?.spanContext().spanId}-01`), 'passed on');
  }
  sdk.spans.reset();
  await sdk.inRequest(() => verifier.verify(token));
  await assert.rejects(
    (await sdk.inRequest(() => ({ it: verifier.verify('garbage') as Promise<never> }))).result.it,
  );
  const [failed] = sdk.spans.getFinishedSpans().filter(({ name }) => name === 'check token');
  assert.equal(failed?.attributes['error.type'], 'token_malformed');
  assert.equal(sdk.spans.getFinishedSpans().filter(({ name }) => name === 'check token').length, 1);
});

test('a call that fails says how: by its status where there is one that is an error, else by its outcome', async () => {
  const sdk = createSdk();
  const observer = opentelemetry(sdk.options);
  const end = async (origin: string, result: { outcome: 'ok' | 'refused'; status: number | undefined }) => {
    sdk.spans.reset();
    await sdk.inRequest(() =>
      observer.call?.({ kind: 'password', method: 'POST', origin })?.end?.({ ...result, seconds: 0.5 }),
    );
    const [span] = sdk.spans.getFinishedSpans();
    const {
      'server.port': port,
      'error.type': type,
      'http.response.status_code': status,
    } = span?.attributes ?? {};
    return [port, type, status, span?.status.code];
  };
  const refused = (status?: number) => ({ outcome: 'refused' as const, status });
  assert.deepEqual(await end('http://sso.test', refused(400)), [80, '400', 400, 2]);
  assert.deepEqual(await end('http://sso.test:8080', refused(399)), [8080, 'refused', 399, 2]);
  assert.deepEqual(await end('https://sso.test', refused()), [443, 'refused', undefined, 2]);
  assert.deepEqual(await end('https://sso.test', { outcome: 'ok', status: 200 }), [443, undefined, 200, 0]);
});

test('outside of a request nothing is traced', async (t) => {
  const sdk = createSdk();
  const realm = createTestRealm();
  const verifier = realm.verifier({ observers: [opentelemetry(sdk.options)] });
  t.after(() => verifier.close());
  await verifier.load();
  await verifier.verify(realm.mint());
  assert.deepEqual(sdk.spans.getFinishedSpans(), []);
});

test('the metrics have the names of the dashboard, by the rules of an exporter for Prometheus', async (t) => {
  const sdk = createSdk();
  const realm = createTestRealm();
  const observer = opentelemetry(sdk.options);
  const verifier = realm.verifier({ observers: [observer] });
  t.after(() => verifier.close());
  await verifier.verify(realm.mint());
  observer.event?.({ event: 'login', outcome: 'ok', by: 'browser' }, null);
  const seen = new Map(
    (await sdk.metrics()).map(({ descriptor, dataPoints, ...rest }) => {
      const isCounter = 'isMonotonic' in rest && rest.isMonotonic;
      const unit = descriptor.unit === 's' ? '_seconds' : '';
      const name = `${descriptor.name.replaceAll('.', '_')}${unit}${isCounter ? '_total' : ''}`;
      return [name, dataPoints.map(({ value, attributes }) => ({ value, ...attributes }))];
    }),
  );
  const absent = NUMBERS.map(({ name }) => name).filter((name) => !seen.has(name));
  // Without another process, and without Keycloak's events, there is nothing to say of these.
  assert.deepEqual(absent, [
    'keycloak_guard_redis_up',
    'keycloak_guard_revocation_lag_seconds',
    'keycloak_guard_revocations_waiting',
    'keycloak_guard_events_heard',
    'keycloak_guard_events_lag_seconds',
    'keycloak_guard_events_total',
  ]);
  assert.deepEqual(seen.get('keycloak_guard_token_checks_total')?.[2], {
    value: 1,
    source: 'keys',
    result: 'accepted',
  });
  assert.deepEqual(seen.get('keycloak_guard_logins_total'), [{ value: 1, by: 'browser', outcome: 'ok' }]);
  assert.equal(seen.get('keycloak_guard_keycloak_request_duration_seconds')?.length, 2);
});
