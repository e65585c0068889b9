import { setTimeout as sleep } from 'node:timers/promises';
import { AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { opentelemetry } from 'keycloak-guard/opentelemetry';
import type { TracingSettings } from '../config/tracing-settings.ts';
import { isHealthRoute } from '../http/health-routes.ts';
import type { Logger } from '../log/logger.ts';
import type { Answer } from './answers.ts';
import { createRequestContext } from './request-context.ts';
import { createModels, RequestSpan } from './request-span.ts';
import { createIds, RequestTrace } from './request-trace.ts';
import { createProcessor, createResource } from './trace-export.ts';
import { createSampler } from './trace-sampler.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Where spans of this request belong; `null` where traces are off. */
    trace: RequestTrace | null;
  }
}

/** Traces of one app: request → token check → calls to Keycloak. */
export type Tracing = ReturnType<typeof startTracing>;

/**
 * Nothing that a caller sent is in a span: neither path nor query nor header, for people put tokens there. Nothing is
 * registered globally: two apps in a process do not see each other's spans.
 */
export function startTracing(
  settings: { readonly exporter: Exclude<TracingSettings['exporter'], 'off'> },
  { version, logger }: { version: string; logger: Logger | undefined },
) {
  const processor = createProcessor(settings.exporter, logger);
  const resource = createResource(version);
  const [sampler, idGenerator] = [createSampler(), createIds()];
  const provider = new BasicTracerProvider({ resource, sampler, idGenerator, spanProcessors: [processor] });
  const models = new BasicTracerProvider({ resource, sampler: new AlwaysOnSampler() });
  const modelOf = createModels(models, version);
  const { context, run, runThrough, end } = createRequestContext();

  const traceOf = (request: FastifyRequest): RequestTrace => {
    request.trace ??= new RequestTrace(request.raw.headers, { sampler, ids: idGenerator });
    return request.trace;
  };

  function makeSpan({ request, route }: Answer, status: number | undefined, ms: number): void {
    // Probes are not worth a span.
    if (isHealthRoute(route)) return;
    // Refused before its route was known.
    const isLate = request.trace === null;
    const place = traceOf(request);
    end(place);
    if (!place.isSampled) return;
    const scheme = request.protocol === 'https' ? 'https' : 'http';
    const beganAt = isLate ? Math.floor(place.beganAt - ms) : place.beganAt;
    const model = modelOf({ method: request.method, scheme, route, status });
    processor.onEnd(new RequestSpan(model, place.place, { requestId: request.id, beganAt, ms }));
  }

  return {
    /** Makes the spans of token checks and calls. */
    observer: opentelemetry({ tracerProvider: provider, context }),

    /** Notes where the spans of a request belong. Call it before the first route. */
    traceRequests(app: FastifyInstance): void {
      app.decorateRequest('trace', null);
      function within(request: FastifyRequest, _reply: unknown, done: () => void): void {
        (isShallow(request) ? run : runThrough)(traceOf(request), done);
      }
      app.addHook('onRoute', (route) => {
        if (isHealthRoute(route.url)) return;
        route.onRequest = [within, ...[route.onRequest ?? []].flat()];
        // What reads a body may have the context of the connection: from here on it is that of the request.
        if (hasBody(route.method)) route.preValidation = [within, ...[route.preValidation ?? []].flat()];
      });
    },

    /** Makes the span of a request. */
    onAnswered: (answer: Answer, ms: number) => makeSpan(answer, answer.reply.statusCode, ms),
    onAborted: (answer: Answer, ms: number) => makeSpan(answer, undefined, ms),

    /** Sends the remaining spans, within a time limit, so a hung collector delays no shutdown. */
    async close(timeoutMs: number): Promise<void> {
      await Promise.race([provider.shutdown().catch(() => {}), sleep(timeoutMs, undefined, { ref: false })]);
    },
  };
}

const hasBody = (method: string | readonly string[]): boolean =>
  [method].flat().some((one) => one !== 'GET' && one !== 'HEAD');

/** With a token and without a body: it calls Keycloak at most to have the token checked, which has a context of its own. */
const isShallow = ({ raw: { method, headers } }: FastifyRequest): boolean =>
  headers.authorization !== undefined && (method === 'GET' || method === 'HEAD');
