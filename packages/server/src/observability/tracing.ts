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
import type { FastifyInstance } from 'fastify';
import type { Observer } from 'keycloak-guard/audit';
import { opentelemetry } from 'keycloak-guard/opentelemetry';
import type { TracingSettings } from '../config/tracing-settings.ts';
import { isHealthRoute } from '../http/health-routes.ts';
import type { Logger } from '../log/logger.ts';
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
  /** Sends the remaining spans, within a time limit, so a hung collector delays no shutdown. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Nothing that a caller sent is in a span: neither path nor query nor header, for people put tokens there. Of the
 * caller's trace context the parent is taken and passed on to Keycloak (W3C Trace Context); baggage is not.
 *
 * The context is this app's own, not a global one: two apps in a process do not see each other's spans.
 */
export async function startTracing(
  settings: { readonly exporter: Exclude<TracingSettings['exporter'], 'off'> },
  options: { version: string; logger: Logger | undefined },
): Promise<Tracing> {
  const provider = await createTracerProvider(settings.exporter, options.version, options.logger);
  const tracer = provider.getTracer('keycloak-guard', options.version);
  const propagator = new W3CTraceContextPropagator();
  const active = new AsyncLocalStorage<Context>();
  const ownContext = {
    active: () => active.getStore() ?? ROOT_CONTEXT,
    with: (within, run, self, ...args) => active.run(within, () => run.call(self as never, ...args)),
  } satisfies Pick<typeof context, 'active' | 'with'>;

  function fail(span: Span, type: string): void {
    span.setAttribute('error.type', type);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }

  return {
    observer: opentelemetry({ tracerProvider: provider, context: ownContext }),

    traceRequests(app) {
      app.decorateRequest('traceContext', null);
      app.addHook('onRequest', (request, _reply, done) => {
        const { method, headers, routeOptions } = request;
        const route = routeOptions.url;
        // Probes are not worth a span.
        if (isHealthRoute(route)) {
          done();
          return;
        }
        const parent = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
        const attributes = {
          'http.request.method': method,
          'url.scheme': request.protocol,
          'keycloak_guard.request_id': request.id,
          ...(route === undefined ? {} : { 'http.route': route }),
        };
        const name = route === undefined ? method : `${method} ${route}`;
        const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
        request.traceContext = trace.setSpan(parent, span);
        active.run(request.traceContext, done);
      });
      // What reads a body may have the context of the connection: from here on it is that of the request.
      app.addHook('preValidation', (request, _reply, done) => {
        if (request.traceContext === null) done();
        else active.run(request.traceContext, done);
      });
      app.addHook('onResponse', (request, reply, done) => {
        const span = request.traceContext === null ? undefined : trace.getSpan(request.traceContext);
        span?.setAttribute('http.response.status_code', reply.statusCode);
        if (span !== undefined && reply.statusCode >= 500) fail(span, String(reply.statusCode));
        span?.end();
        done();
      });
      app.addHook('onRequestAbort', (request, done) => {
        const span = request.traceContext === null ? undefined : trace.getSpan(request.traceContext);
        if (span?.isRecording()) {
          fail(span, 'aborted');
          span.end();
        }
        done();
      });
    },

    async close(timeoutMs) {
      await Promise.race([provider.shutdown().catch(() => {}), sleep(timeoutMs, undefined, { ref: false })]);
    },
  };
}
