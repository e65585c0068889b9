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
  BatchSpanProcessor,
  ConsoleSpanExporter,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { TracingSettings } from '../config/tracing-settings.ts';
import type { Logger } from '../log/logger.ts';

/** Between two lines in the log about a collector that takes nothing. */
const COMPLAIN_EVERY_MS = 60_000;

type Exporter = Exclude<TracingSettings['exporter'], 'off'>;

/** Spans are kept back and sent together in the background; what a collector does not take is thrown away. */
export const createProcessor = (exporter: Exporter, logger: Logger | undefined): SpanProcessor =>
  new BatchSpanProcessor(tellFailures(createExporter(exporter), logger));

/** Who sends the spans. */
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
