import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { FastifyInstance } from 'fastify';
import type { AuthError, Verifier } from 'keycloak-guard';
import type { TracingSettings } from '../config/tracing-settings.ts';
import { isHealthRoute } from '../http/health-routes.ts';
import type { Logger } from '../log/logger.ts';
import type { CallObserver } from './keycloak-calls.ts';
import { createTracerProvider } from './trace-export.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Where spans of this request belong; `null` where traces are off. */
    traceContext: Context | null;
  }
}

/** Traces of one app: request → token check → calls to Keycloak. */
export interface Tracing {
  readonly observeCall: CallObserver;
  /** The same verifier; a token that is not in memory gets a span. */
  traceChecks(verifier: Verifier): Verifier;
  /** Spans for the requests of an app. Call it before the first hook and route. */
  traceRequests(app: FastifyInstance): void;
  /** Sends the remaining spans, within a time limit, so a hung collector delays no shutdown. */
  close(timeoutMs: number): Promise<void>;
}

const IGNORED = { end: () => {} };

/**
 * Nothing that a caller sent is in a span: neither path nor query nor header, for people put tokens there. Of the
 * caller's trace context the parent is taken and passed on to Keycloak (W3C Trace Context); baggage is not.
 */
export async function startTracing(
  settings: { readonly exporter: Exclude<TracingSettings['exporter'], 'off'> },
  options: { version: string; serverUrl: string; logger: Logger | undefined },
): Promise<Tracing> {
  const provider = await createTracerProvider(settings.exporter, options.version, options.logger);
  const tracer = provider.getTracer('keycloak-guard', options.version);
  const propagator = new W3CTraceContextPropagator();
  const active = new AsyncLocalStorage<Context>();
  const { hostname, port, protocol } = new URL(options.serverUrl);
  const server = {
    'server.address': hostname,
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
  };

  function fail(span: Span, type: string): void {
    span.setAttribute('error.type', type);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }

  return {
    observeCall(kind, method) {
      const parent = active.getStore();
      // Keys fetched in the background belong to no request.
      if (parent === undefined) return IGNORED;
      const attributes = { 'http.request.method': method, 'keycloak_guard.call': kind, ...server };
      const span = tracer.startSpan(`Keycloak ${kind}`, { kind: SpanKind.CLIENT, attributes }, parent);
      const headers: Record<string, string> = {};
      propagator.inject(trace.setSpan(parent, span), headers, defaultTextMapSetter);
      return {
        headers,
        end({ outcome, status }) {
          if (status !== undefined) span.setAttribute('http.response.status_code', status);
          if (outcome !== 'ok') fail(span, status !== undefined && status >= 400 ? String(status) : outcome);
          span.end();
        },
      };
    },

    traceChecks(verifier) {
      const verify: Verifier['verify'] = (token, shown) => {
        const parent = active.getStore();
        if (parent === undefined || verifier.isKnown(token)) return verifier.verify(token, shown);
        const span = tracer.startSpan('check token', { kind: SpanKind.INTERNAL }, parent);
        const checked = active.run(trace.setSpan(parent, span), async () => verifier.verify(token, shown));
        return checked
          .catch((error: AuthError) => {
            fail(span, error.code ?? 'error');
            throw error;
          })
          .finally(() => span.end());
      };
      // Other members are read from the verifier on access.
      return Object.create(verifier, { verify: { value: verify } }) as Verifier;
    },

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
