import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import type { TracingSettings } from '../config/tracing-settings.ts';
import type { Logger } from '../log/logger.ts';

/** Between two lines in the log about a collector that takes nothing. */
const COMPLAIN_EVERY_MS = 60_000;

/**
 * Spans are kept back and sent together in the background; what a collector does not take is thrown away. Nothing is
 * registered globally: two apps in a process do not see each other's spans.
 */
export async function createTracerProvider(
  exporter: Exclude<TracingSettings['exporter'], 'off'>,
  version: string,
  logger: Logger | undefined,
): Promise<BasicTracerProvider> {
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'keycloak-guard', 'service.version': version }))
    .merge(detectResources({ detectors: [envDetector] }));
  const processor = new BatchSpanProcessor(tellFailures(await createExporter(exporter), logger));
  return new BasicTracerProvider({ resource, spanProcessors: [processor] });
}

async function createExporter(exporter: 'console' | 'http/protobuf' | 'http/json'): Promise<SpanExporter> {
  if (exporter === 'console') return new ConsoleSpanExporter();
  const { OTLPTraceExporter } =
    exporter === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter();
}

/** Addresses and headers may hold a key for the collector: a line says that it failed, and with what code. */
function tellFailures(exporter: SpanExporter, logger: Logger | undefined): SpanExporter {
  let toldAt = Number.NEGATIVE_INFINITY;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const now = performance.now();
        if (result.error !== undefined && now - toldAt > COMPLAIN_EVERY_MS) {
          toldAt = now;
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
