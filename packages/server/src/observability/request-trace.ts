import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import {
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { type IdGenerator, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace-base';

/** The ids of a span and whose child it is. */
export interface Place {
  readonly own: SpanContext;
  readonly parent: SpanContext | undefined;
}

const propagator = new W3CTraceContextPropagator();

/**
 * A request within its trace. Most requests ask for nothing outside and need no context: it is made for those that do.
 *
 * Of the caller's trace context the parent is taken and passed on to Keycloak (W3C Trace Context); baggage is not.
 */
export class RequestTrace {
  /** Unit: milliseconds since 1970. */
  readonly beganAt = Date.now();
  readonly #headers: IncomingHttpHeaders;
  readonly #sampler: Sampler;
  readonly #ids: IdGenerator;
  #place: Place | undefined;
  #context: Context | undefined;

  constructor(headers: IncomingHttpHeaders, { sampler, ids }: { sampler: Sampler; ids: IdGenerator }) {
    this.#headers = headers;
    this.#sampler = sampler;
    this.#ids = ids;
  }

  get place(): Place {
    this.#place ??= this.#begin();
    return this.#place;
  }

  get isSampled(): boolean {
    return this.place.own.traceFlags === TraceFlags.SAMPLED;
  }

  /** For the spans within. */
  get context(): Context {
    this.#context ??= trace.setSpanContext(ROOT_CONTEXT, this.place.own);
    return this.#context;
  }

  #begin(): Place {
    const headers = this.#headers;
    const outside =
      headers.traceparent === undefined
        ? ROOT_CONTEXT
        : propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const parent = trace.getSpanContext(outside);
    const traceId = parent?.traceId ?? this.#ids.generateTraceId();
    // No sampler that the environment can name looks at the name.
    const asked = this.#sampler.shouldSample(outside, traceId, '', SpanKind.SERVER, {}, []);
    const isSampled = asked.decision === SamplingDecision.RECORD_AND_SAMPLED;
    const traceState = asked.traceState ?? parent?.traceState;
    const own = {
      traceId,
      spanId: this.#ids.generateSpanId(),
      traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      ...(traceState && { traceState }),
    };
    return { own, parent };
  }
}

const POOL_BYTES = 4096;

/** Ids for spans, of random bytes that are fetched for many of them at a time. */
export function createIds(): IdGenerator {
  let pool = '';
  let at = 0;
  function take(digits: number): string {
    if (at + digits > pool.length) {
      pool = randomBytes(POOL_BYTES).toString('hex');
      at = 0;
    }
    at += digits;
    return pool.slice(at - digits, at);
  }
  return { generateTraceId: () => take(32), generateSpanId: () => take(16) };
}
