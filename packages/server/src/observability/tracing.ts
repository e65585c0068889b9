import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Observer } from 'keycloak-guard/audit';
import { opentelemetry } from 'keycloak-guard/opentelemetry';
import type { TracingSettings } from '../config/tracing-settings.ts';
import { isHealthRoute } from '../http/health-routes.ts';
import type { Logger } from '../log/logger.ts';
import type { OnAnswered } from './answers.ts';
import { createRequestContext } from './request-context.ts';
import { createTracerProvider } from './trace-export.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Where spans of this request belong; `null` where traces are off. */
    traceContext: Context | null;
  }
}

/** Traces of one app: request → token check → calls to Keycloak. */
export interface Tracing {
  /** Makes the spans of token checks and calls. */
  readonly observer: Observer;
  /** Spans for the requests of an app. Call it before the first hook and route. */
  traceRequests(app: FastifyInstance): void;
  /** Ends the span of a request. */
  readonly onAnswered: OnAnswered;
  /** Sends the remaining spans, within a time limit, so a hung collector delays no shutdown. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Nothing that a caller sent is in a span: neither path nor query nor header, for people put tokens there. Of the
 * caller's trace context the parent is taken and passed on to Keycloak (W3C Trace Context); baggage is not.
 */
export async function startTracing(
  settings: { readonly exporter: Exclude<TracingSettings['exporter'], 'off'> },
  options: { version: string; logger: Logger | undefined },
): Promise<Tracing> {
  const provider = await createTracerProvider(settings.exporter, options.version, options.logger);
  const tracer = provider.getTracer('keycloak-guard', options.version);
  const propagator = new W3CTraceContextPropagator();
  const { context, run, runThrough, end } = createRequestContext();

  function fail(span: Span, type: string): void {
    span.setAttribute('error.type', type);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }

  /** At its end: what is given to a new span is examined three times, and no sampler of the environment reads it. */
  function describe(span: Span, request: FastifyRequest, route: string | undefined): void {
    span.setAttribute('http.request.method', request.method);
    span.setAttribute('url.scheme', request.protocol);
    span.setAttribute('keycloak_guard.request_id', request.id);
    if (route !== undefined) span.setAttribute('http.route', route);
  }

  return {
    observer: opentelemetry({ tracerProvider: provider, context }),

    traceRequests(app) {
      app.decorateRequest('traceContext', null);
      app.addHook('onRequest', (request, _reply, done) => {
        const { method, headers } = request;
        const route = request.routeOptions.url;
        // Probes are not worth a span.
        if (isHealthRoute(route)) {
          done();
          return;
        }
        const parent =
          headers.traceparent === undefined
            ? ROOT_CONTEXT
            : propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
        const name = route === undefined ? method : `${method} ${route}`;
        const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent);
        request.traceContext = trace.setSpan(parent, span);
        if (isShallow(request)) run(request.traceContext, done);
        else runThrough(request.traceContext, done);
      });
      // What reads a body may have the context of the connection: from here on it is that of the request.
      app.addHook('preValidation', (request, _reply, done) => {
        if (request.traceContext === null) done();
        else if (isShallow(request)) run(request.traceContext, done);
        else runThrough(request.traceContext, done);
      });
      app.addHook('onRequestAbort', (request, done) => {
        const span = request.traceContext === null ? undefined : trace.getSpan(request.traceContext);
        if (span?.isRecording()) {
          describe(span, request, request.routeOptions.url);
          fail(span, 'aborted');
          span.end();
          end(request.traceContext as Context);
        }
        done();
      });
    },

    onAnswered({ request, reply: { statusCode }, route }) {
      const { traceContext } = request;
      if (traceContext === null) return;
      const span = trace.getSpan(traceContext);
      if (span?.isRecording()) {
        describe(span, request, route);
        span.setAttribute('http.response.status_code', statusCode);
        if (statusCode >= 500) fail(span, String(statusCode));
        span.end();
      }
      end(traceContext);
    },

    async close(timeoutMs) {
      await Promise.race([provider.shutdown().catch(() => {}), sleep(timeoutMs, undefined, { ref: false })]);
    },
  };
}

/** With a token and without a body: it calls Keycloak at most to have the token checked, which has a context of its own. */
const isShallow = ({ method, headers }: FastifyRequest): boolean =>
  headers.authorization !== undefined && (method === 'GET' || method === 'HEAD');
