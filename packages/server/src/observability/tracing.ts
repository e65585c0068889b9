import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Context,
  type context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPExporterBase } from '@opentelemetry/otlp-exporter-base';
import {
  convertLegacyHttpOptions,
  createOtlpHttpExportDelegate,
} from '@opentelemetry/otlp-exporter-base/node-http';
import {
  JsonTraceSerializer,
  ProtobufTraceSerializer,
  TraceExporterMetricsHelper,
} from '@opentelemetry/otlp-transformer';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { opentelemetry } from 'keycloak-guard/opentelemetry';
import type { TracingSettings } from '../config/environment.ts';
import { isHealthRoute } from '../http/requests.ts';
import type { Logger } from '../log/logger.ts';
import type { Answer } from './answers.ts';

/** Between two lines in the log about a collector that takes nothing. */
const COMPLAIN_EVERY_MS = 60_000;

type Exporter = Exclude<TracingSettings['exporter'], 'off'>;

/** Spans are kept back and sent together in the background; what a collector does not take is thrown away. */
export const createProcessor = (exporter: Exporter, logger: Logger | undefined): SpanProcessor =>
  new BatchSpanProcessor(logFailures(createExporter(exporter), logger));

/** The service that sends the spans. */
export const createResource = (version: string): Resource =>
  defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'keycloak-guard', 'service.version': version }))
    .merge(detectResources({ detectors: [envDetector] }));

/** As OpenTelemetry's own exporters are made: each of them is a package of its own. */
function createExporter(exporter: Exporter): SpanExporter {
  if (exporter === 'console') return new ConsoleSpanExporter();
  const [type, serializer] =
    exporter === 'http/json'
      ? ['application/json', JsonTraceSerializer]
      : ['application/x-protobuf', ProtobufTraceSerializer];
  const options = convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', { 'Content-Type': type });
  return new OTLPExporterBase(
    createOtlpHttpExportDelegate(
      ...([options, serializer, 'otlp_http_span_exporter', TraceExporterMetricsHelper, undefined] as const),
    ),
  );
}

/** Addresses and headers may hold a key for the collector: a line says that it failed, and with what code. */
function logFailures(exporter: SpanExporter, logger: Logger | undefined): SpanExporter {
  let loggedAt = Number.NEGATIVE_INFINITY;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const now = performance.now();
        if (result.error !== undefined && now - loggedAt > COMPLAIN_EVERY_MS) {
          loggedAt = now;
          const { code } = result.error as { code?: unknown };
          logger?.warn({ code }, 'traces could not be sent');
        }
        done(result);
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The context with the span of this request; `null` where it has none. */
    traced: Context | null;
  }
}

const propagator = new W3CTraceContextPropagator();

/**
 * Traces of one app: request → token check → calls to Keycloak.
 *
 * Nothing that a caller sent is in a span: neither path nor query nor header, for people put tokens there. Of the caller's trace
 * context the parent is taken and passed on to Keycloak (W3C Trace Context); baggage is not. Nothing is registered globally: two apps
 * in a process do not see each other's spans. Sampling is as `OTEL_TRACES_SAMPLER` says.
 */
export function startTracing(
  settings: { readonly exporter: Exclude<TracingSettings['exporter'], 'off'> },
  { version, logger }: { version: string; logger: Logger | undefined },
) {
  const provider = new BasicTracerProvider({
    resource: createResource(version),
    spanProcessors: [createProcessor(settings.exporter, logger)],
  });
  const tracer = provider.getTracer('keycloak-guard', version);
  const storage = new AsyncLocalStorage<Context>();
  const contexts: Pick<typeof context, 'active' | 'with'> = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (within, run, self, ...args) => storage.run(within, () => run.call(self as never, ...args)),
  };

  /** The route, which names the span, may not be known yet. */
  function begin(request: FastifyRequest): Context {
    const attributes = {
      'http.request.method': request.method,
      'url.scheme': request.protocol === 'https' ? 'https' : 'http',
      'keycloak_guard.request_id': request.id,
    };
    const outside = propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
    const span = tracer.startSpan(request.method, { kind: SpanKind.SERVER, attributes }, outside);
    return trace.setSpan(outside, span);
  }

  function end({ request, route }: Answer, status: number | undefined): void {
    const span: Span | undefined = request.traced === null ? undefined : trace.getSpan(request.traced);
    if (span === undefined) return;
    if (route !== undefined) span.updateName(`${request.method} ${route}`).setAttribute('http.route', route);
    if (status !== undefined) span.setAttribute('http.response.status_code', status);
    if (status === undefined || status >= 500) {
      span.setAttribute('error.type', status === undefined ? 'aborted' : String(status));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  }

  return {
    /** Makes the spans of token checks and calls. */
    observer: opentelemetry({ tracerProvider: provider, context: contexts }),

    /** Begins the span of each request. Call it before the first hook that may refuse one. */
    traceRequests(app: FastifyInstance): void {
      app.decorateRequest('traced', null);
      app.addHook('onRequest', (request, _reply, done) => {
        // Probes are not worth a span.
        if (isHealthRoute(request.routeOptions.url)) return done();
        request.traced = begin(request);
        storage.run(request.traced, done);
      });
    },

    /** Ends the span of a request. */
    onAnswered: (answer: Answer) => end(answer, answer.reply.statusCode),
    onAborted: (answer: Answer) => end(answer, undefined),

    /** Sends the remaining spans, within a time limit, so a hung collector delays no shutdown. */
    async close(timeoutMs: number): Promise<void> {
      await Promise.race([provider.shutdown().catch(() => {}), sleep(timeoutMs, undefined, { ref: false })]);
    },
  };
}
