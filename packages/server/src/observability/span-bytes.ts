import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Model, REQUEST_ID, RequestSpan } from './request-span.ts';

/** Fields that differ between the spans of one kind (opentelemetry/proto/trace/v1/trace.proto, `Span`). */
const OWN_FIELDS = [1, 2, 3, 4, 7, 8, 16];
const IS_REMOTE_KNOWN = 0x100;
const IS_REMOTE = 0x200;
/** `KeyValue.key` */
const ID_KEY = Buffer.from(`\x0a${String.fromCharCode(REQUEST_ID.length)}${REQUEST_ID}`, 'latin1');

/** A message around many spans, without them, and the fields of a span, without its own. */
interface Parts {
  readonly resource: Uint8Array;
  readonly scope: Uint8Array;
  readonly span: Uint8Array;
}

/**
 * OpenTelemetry's serializer, asked once for each kind of request: of the next span of the kind, only ids, times and the id of the
 * request are written anew. Spans of all other origins it writes itself.
 *
 * A message may come in pieces: lists are joined (Protocol Buffers, "Last One Wins").
 */
export function createSpanSerializer(): typeof ProtobufTraceSerializer {
  const partsOf = new WeakMap<Model, Parts>();

  function partsFor(span: RequestSpan): Parts {
    const parts =
      partsOf.get(span.model) ?? takeApart(ProtobufTraceSerializer.serializeRequest([span.model]));
    partsOf.set(span.model, parts);
    return parts;
  }

  return {
    ...ProtobufTraceSerializer,
    serializeRequest(spans: ReadableSpan[]) {
      const own = spans.filter(isPlain);
      if (own.length === 0) return ProtobufTraceSerializer.serializeRequest(spans);
      const others = spans.filter((span) => !isPlain(span));
      const before = others.length === 0 ? undefined : ProtobufTraceSerializer.serializeRequest(others);
      return write(own, own.map(partsFor), before ?? new Uint8Array());
    },
  };
}

/** A state of the trace is seldom, and of any length. */
const isPlain = (span: ReadableSpan): span is RequestSpan =>
  span instanceof RequestSpan && span.own.traceState === undefined;

function write(spans: readonly RequestSpan[], parts: readonly Parts[], before: Uint8Array): Uint8Array {
  const [{ resource, scope }] = parts as [Parts];
  const sizes = spans.map((span, i) => sizeOf(span, (parts[i] as Parts).span));
  const inScope = sizes.reduce((sum, size) => sum + headSize(size) + size, scope.length);
  const inResource = resource.length + headSize(inScope) + inScope;
  const bytes = Buffer.allocUnsafe(before.length + headSize(inResource) + inResource);
  bytes.set(before);
  let at = putLength(bytes, before.length, 0x0a, inResource);
  bytes.set(resource, at);
  at = putLength(bytes, at + resource.length, 0x12, inScope);
  bytes.set(scope, at);
  at += scope.length;
  for (let i = 0; i < spans.length; i++) {
    at = putLength(bytes, at, 0x12, sizes[i] as number);
    at = putSpan(bytes, at, spans[i] as RequestSpan, (parts[i] as Parts).span);
  }
  return bytes;
}

function sizeOf({ requestId, parentSpanContext }: RequestSpan, common: Uint8Array): number {
  const ids = 18 + 10 + (parentSpanContext === undefined ? 0 : 10);
  return ids + 2 * 9 + 2 + attributeSize(requestId) + common.length + 6;
}

/** Less than 128, so that its size takes one byte: ids of requests are of ASCII, and no longer than 64. */
const attributeSize = (requestId: string) => ID_KEY.length + 4 + requestId.length;

function putSpan(bytes: Buffer, start: number, span: RequestSpan, common: Uint8Array): number {
  const { own, parentSpanContext: parent, requestId, beganAt, ms } = span;
  let at = putHex(bytes, putLength(bytes, start, 0x0a, 16), own.traceId);
  at = putHex(bytes, putLength(bytes, at, 0x12, 8), own.spanId);
  if (parent !== undefined) at = putHex(bytes, putLength(bytes, at, 0x22, 8), parent.spanId);
  at = putTime(bytes, at, 0x39, beganAt, 0);
  at = putTime(bytes, at, 0x41, beganAt, ms);
  at = putLength(bytes, at, 0x4a, attributeSize(requestId));
  bytes.set(ID_KEY, at);
  at = putLength(bytes, at + ID_KEY.length, 0x12, 2 + requestId.length);
  at = putLength(bytes, at, 0x0a, requestId.length);
  for (let i = 0; i < requestId.length; i++) bytes[at++] = requestId.charCodeAt(i);
  bytes.set(common, at);
  at = bytes.writeUInt16LE(0x0185, at + common.length);
  const isRemote = parent?.isRemote ? IS_REMOTE : 0;
  return bytes.writeUInt32LE(own.traceFlags | IS_REMOTE_KNOWN | isRemote, at);
}

function putLength(bytes: Buffer, start: number, tag: number, length: number): number {
  let at = start;
  bytes[at++] = tag;
  let rest = length;
  for (; rest > 127; rest >>>= 7) bytes[at++] = (rest & 127) | 128;
  bytes[at++] = rest;
  return at;
}

/** Of a tag and a length. */
const headSize = (length: number) => (length < 1 << 7 ? 2 : length < 1 << 14 ? 3 : length < 1 << 21 ? 4 : 5);

function putHex(bytes: Buffer, start: number, hex: string): number {
  let at = start;
  for (let i = 0; i < hex.length; i += 2)
    bytes[at++] = (toDigit(hex.charCodeAt(i)) << 4) | toDigit(hex.charCodeAt(i + 1));
  return at;
}

/** Lower case, as the standard wants it. */
const toDigit = (code: number) => (code < 97 ? code - 48 : code - 87);

/** In nanoseconds since 1970, of which there are more than a number can hold. */
function putTime(bytes: Buffer, start: number, tag: number, beganAt: number, ms: number): number {
  bytes[start] = tag;
  const seconds = Math.floor(beganAt / 1000);
  const low = (seconds % 0x10000) * 1e9 + (beganAt % 1000) * 1e6 + Math.round(ms * 1e6);
  const high = Math.floor(seconds / 0x10000) * 1e9 + Math.floor(low / 0x10000);
  bytes.writeUInt32LE((high % 0x10000) * 0x10000 + (low % 0x10000), start + 1);
  return bytes.writeUInt32LE(Math.floor(high / 0x10000), start + 5);
}

/** A message of one span. */
function takeApart(message: Uint8Array = new Uint8Array()): Parts {
  const all = [...fieldsOf(message)].find(({ field }) => field === 1) as Field;
  const ofResource = [...fieldsOf(all.value)];
  const scopeSpans = ofResource.find(({ field }) => field === 2) as Field;
  const ofScope = [...fieldsOf(scopeSpans.value)];
  const span = ofScope.find(({ field }) => field === 2) as Field;
  const without = (fields: readonly Field[], numbers: readonly number[]) =>
    Buffer.concat(fields.filter(({ field }) => !numbers.includes(field)).map(({ whole }) => whole));
  return {
    resource: without(ofResource, [2]),
    scope: without(ofScope, [2]),
    span: without([...fieldsOf(span.value)], OWN_FIELDS),
  };
}

interface Field {
  readonly field: number;
  /** With tag and length. */
  readonly whole: Uint8Array;
  readonly value: Uint8Array;
}

function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  function varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  }
  while (at < message.length) {
    const start = at;
    const tag = varint();
    const type = tag & 7;
    const length = type === 2 ? varint() : type === 1 ? 8 : type === 5 ? 4 : 0;
    const from = at;
    if (type === 0) varint();
    at += length;
    yield { field: tag >>> 3, whole: message.subarray(start, at), value: message.subarray(from, at) };
  }
}
