/** Where traces go, by the standard `OTEL_*` variables. */
export interface TracingSettings {
  /** `off` costs nothing. */
  readonly exporter: 'off' | 'console' | 'http/protobuf' | 'http/json';
  /** Why traces that were asked for are off. */
  readonly problem?: string;
}

const OFF: TracingSettings = Object.freeze({ exporter: 'off' });

/**
 * Which exporter is wanted. What OpenTelemetry reads for itself (addresses, headers, sampling, batches) is not looked at.
 * A wish that cannot be met does not keep the service from starting: these variables are often set for many programs at
 * once.
 *
 * @see OpenTelemetry, "General SDK configuration" and "OTLP exporter configuration"
 */
export function readTracingSettings(env: Readonly<Record<string, string | undefined>>): TracingSettings {
  const wanted = env.OTEL_TRACES_EXPORTER?.trim() || undefined;
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true' || wanted === 'none') return OFF;
  if (wanted === undefined && !endpoint) return OFF;
  if (wanted === 'console') return { exporter: 'console' };
  if (wanted !== undefined && wanted !== 'otlp') {
    return { exporter: 'off', problem: 'OTEL_TRACES_EXPORTER must be otlp, console or none' };
  }
  const protocol =
    env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf';
  if (protocol === 'http/protobuf' || protocol === 'http/json') return { exporter: protocol };
  return { exporter: 'off', problem: 'OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json' };
}
