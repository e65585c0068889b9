import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpanKind, TraceFlags } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BasicTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { createModels, RequestSpan } from '../../packages/server/src/observability/request-span.ts';
import { createSpanSerializer } from '../../packages/server/src/observability/span-bytes.ts';

const resource = resourceFromAttributes({ 'service.name': 'orders', 'host.name': 'ü'.repeat(100) });
const provider = new BasicTracerProvider({ resource, sampler: new AlwaysOnSampler() });
const modelOf = createModels(provider, '1.2.3');

const hex = (digit: string, length: number) => `0${digit}`.repeat(length / 2);
const own = { traceId: hex('a', 32), spanId: hex('f', 16), traceFlags: TraceFlags.SAMPLED };
const parent = { traceId: own.traceId, spanId: '0123456789abcdef', traceFlags: 1, isRemote: true };

function spanOf(
  kind: Partial<Parameters<typeof modelOf>[0]> = {},
  place: Partial<ConstructorParameters<typeof RequestSpan>[1]> = {},
  times = { requestId: 'a1b2c3d4-7', beganAt: 1_796_000_000_123, ms: 1.234567 },
): RequestSpan {
  const model = modelOf({ method: 'GET', scheme: 'http', route: '/protected', status: 200, ...kind });
  return new RequestSpan(model, { own, parent: undefined, ...place }, times);
}

/** Fields of a message, those of the messages in it too, in the order of their numbers. */
function read(bytes: Uint8Array, path: readonly number[]): unknown[] {
  const fields: [number, unknown][] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] as number;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [field, type] = [tag >>> 3, tag & 7];
    if (type === 0) {
      fields.push([field, varint()]);
      continue;
    }
    const length = type === 2 ? Number(varint()) : type === 1 ? 8 : 4;
    const value = bytes.subarray(at, at + length);
    at += length;
    const isMessage = path[0] === field;
    fields.push([field, isMessage ? read(value, path.slice(1)) : Buffer.from(value).toString('latin1')]);
  }
  assert.equal(at, bytes.length);
  return fields.sort(([a, x], [b, y]) => a - b || (String(x) < String(y) ? -1 : 1));
}

/** Resource spans → scope spans → spans. */
const readAll = (bytes: Uint8Array | undefined) => read(bytes ?? new Uint8Array(), [1, 2, 2]);

function assertSame(spans: ReadableSpan[]): void {
  const theirs = readAll(ProtobufTraceSerializer.serializeRequest(spans));
  assert.deepEqual(readAll(createSpanSerializer().serializeRequest(spans)), theirs);
}

test('the spans of requests are written as by OpenTelemetry', () => {
  const kinds = [{}, { status: 503 }, { status: undefined }, { route: undefined, scheme: 'https' as const }];
  for (const kind of kinds) {
    assertSame([spanOf(kind)]);
    assertSame([spanOf(kind, { parent })]);
    assertSame([spanOf(kind, { parent: { ...parent, isRemote: false } })]);
  }
  for (const [requestId, ms] of [
    ['x', 0],
    ['y'.repeat(64), 70_000.000001],
    ['a.b_C-9', 999.9999],
  ] as const) {
    for (const beganAt of [0, 65_535_999, 1_796_000_000_999, 4_294_967_296_000])
      assertSame([spanOf({}, {}, { requestId, beganAt, ms })]);
  }
  assertSame([spanOf({ route: `/${'r'.repeat(300)}` })]);
  assertSame(Array.from({ length: 600 }, (_, i) => spanOf({ status: 200 + (i % 3) })));
});

test('spans of other origins, and those with a state, stand before them in a message of their own', () => {
  const other = provider.getTracer('another').startSpan('check token', { kind: SpanKind.INTERNAL });
  other.end();
  const state = spanOf({}, { own: { ...own, traceState: new TraceState('vendor=1') } });
  const before = [other as unknown as ReadableSpan, state];
  const bytes = createSpanSerializer().serializeRequest([spanOf(), ...before, spanOf({ status: 401 })]);
  const theirs = [before, [spanOf(), spanOf({ status: 401 })]].map((spans) =>
    ProtobufTraceSerializer.serializeRequest(spans),
  );
  assert.deepEqual(readAll(bytes), readAll(Buffer.concat(theirs as Uint8Array[])));
  assertSame(before);
  assertSame([]);
});

test('the members of a span of a request are those of a span of OpenTelemetry', () => {
  const span = spanOf({ status: 500 }, { parent });
  assert.equal(span.name, 'GET /protected');
  assert.equal(span.kind, SpanKind.SERVER);
  assert.deepEqual(span.attributes, {
    ...{ 'http.request.method': 'GET', 'url.scheme': 'http', 'http.route': '/protected' },
    ...{ 'http.response.status_code': 500, 'error.type': '500', 'keycloak_guard.request_id': 'a1b2c3d4-7' },
  });
  assert.deepEqual(span.status, { code: 2 });
  assert.deepEqual(span.startTime, [1_796_000_000, 123_000_000]);
  assert.deepEqual(
    [span.endTime, span.duration],
    [
      [1_796_000_000, 124_234_567],
      [0, 1_234_567],
    ],
  );
  assert.deepEqual(span.instrumentationScope, {
    name: 'keycloak-guard',
    version: '1.2.3',
    schemaUrl: undefined,
  });
  assert.deepEqual([span.spanContext(), span.parentSpanContext, span.ended], [own, parent, true]);
  assert.deepEqual([span.links, span.events], [[], []]);
});
