import {
  type HrTime,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
} from '@opentelemetry/api';
import { addHrTimes, millisToHrTime } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

export const REQUEST_ID = 'keycloak_guard.request_id';

/** What the spans of many requests have in common. `route` and `status` are `undefined` where there is none. */
export interface Kind {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly route: string | undefined;
  /** Of an answer; `undefined` for a caller who hung up. */
  readonly status: number | undefined;
}

/** A span of OpenTelemetry's own, which has ended: what the spans of one kind have in common. */
export type Model = ReadableSpan;

/** @param provider one that samples all; nothing of it is sent */
export function createModels(provider: TracerProvider, version: string): (kind: Kind) => Model {
  const tracer = provider.getTracer('keycloak-guard', version);
  const models = new Map<string | undefined, Map<string, Map<number, Model>>>();

  function make({ method, scheme, route, status }: Kind): Model {
    const name = route === undefined ? method : `${method} ${route}`;
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, ROOT_CONTEXT);
    span.setAttribute('http.request.method', method);
    span.setAttribute('url.scheme', scheme);
    if (route !== undefined) span.setAttribute('http.route', route);
    if (status !== undefined) span.setAttribute('http.response.status_code', status);
    if (status === undefined || status >= 500) {
      span.setAttribute('error.type', status === undefined ? 'aborted' : String(status));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
    return span as unknown as ReadableSpan;
  }

  // No more than there are routes, methods and statuses. A key put together of all four would cost as much as the span.
  return (kind) => {
    const ofMethod = models.get(kind.route) ?? new Map<string, Map<number, Model>>();
    const ofStatus = ofMethod.get(kind.method) ?? new Map<number, Model>();
    const key = (kind.status ?? 0) * 2 + Number(kind.scheme === 'https');
    const known = ofStatus.get(key);
    if (known !== undefined) return known;
    const model = make(kind);
    models.set(kind.route, ofMethod.set(kind.method, ofStatus.set(key, model)));
    return model;
  };
}

/**
 * The span of a request, made at its end. OpenTelemetry's own, which can be changed until then, and its serializer cost three times
 * as much (`npm run bench -- observability`).
 */
export class RequestSpan implements ReadableSpan {
  readonly model: Model;
  readonly own: SpanContext;
  readonly parentSpanContext?: SpanContext;
  readonly requestId: string;
  /** Unit: milliseconds since 1970. */
  readonly beganAt: number;
  /** Unit: milliseconds. */
  readonly ms: number;

  constructor(
    model: Model,
    place: { readonly own: SpanContext; readonly parent: SpanContext | undefined },
    { requestId, beganAt, ms }: Pick<RequestSpan, 'requestId' | 'beganAt' | 'ms'>,
  ) {
    this.model = model;
    this.own = place.own;
    if (place.parent !== undefined) this.parentSpanContext = place.parent;
    this.requestId = requestId;
    this.beganAt = beganAt;
    this.ms = ms;
  }

  spanContext(): SpanContext {
    return this.own;
  }
  get name() {
    return this.model.name;
  }
  get kind() {
    return this.model.kind;
  }
  get status() {
    return this.model.status;
  }
  get attributes() {
    return { ...this.model.attributes, [REQUEST_ID]: this.requestId };
  }
  get startTime(): HrTime {
    return millisToHrTime(this.beganAt);
  }
  get endTime(): HrTime {
    return addHrTimes(this.startTime, this.duration);
  }
  get duration(): HrTime {
    return millisToHrTime(this.ms);
  }
  get ended() {
    return true;
  }
  get links() {
    return this.model.links;
  }
  get events() {
    return this.model.events;
  }
  get resource() {
    return this.model.resource;
  }
  get instrumentationScope() {
    return this.model.instrumentationScope;
  }
  get droppedAttributesCount() {
    return this.model.droppedAttributesCount;
  }
  get droppedEventsCount() {
    return this.model.droppedEventsCount;
  }
  get droppedLinksCount() {
    return this.model.droppedLinksCount;
  }
}
