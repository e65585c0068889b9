/** The exporter of traces, by the standard `OTEL_*` variables. */
export interface TracingSettings {
  /** `off` costs nothing. */
  readonly exporter: 'off' | 'console' | 'http/protobuf' | 'http/json';
  /** The reason why traces are off against the person's wish. */
  readonly problem?: string;
}

const TRACING_OFF: TracingSettings = Object.freeze({ exporter: 'off' });

/**
 * Reads the exporter. OpenTelemetry reads addresses, headers, sampling and batches itself. A wish that cannot be met does not keep the service from starting: these variables are often set for many programs at
 * once.
 *
 * @see OpenTelemetry, "General SDK configuration" and "OTLP exporter configuration"
 */
export function readTracingSettings(env: Readonly<Record<string, string | undefined>>): TracingSettings {
  const name = env.OTEL_TRACES_EXPORTER?.trim() || undefined;
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true' || name === 'none') return TRACING_OFF;
  if (name === undefined && !endpoint) return TRACING_OFF;
  if (name === 'console') return { exporter: 'console' };
  if (name !== undefined && name !== 'otlp') {
    return { exporter: 'off', problem: 'OTEL_TRACES_EXPORTER must be otlp, console or none' };
  }
  // Of a wrong one, the exporter would take its default instead.
  if (endpoint && !(/^https?:/i.test(endpoint) && URL.canParse(endpoint))) {
    return { exporter: 'off', problem: 'OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL' };
  }
  const protocol =
    env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf';
  if (protocol === 'http/protobuf' || protocol === 'http/json') return { exporter: protocol };
  return { exporter: 'off', problem: 'OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json' };
}

/**
 * Whether Node.js sends its calls through the proxy that the environment names: `NODE_USE_ENV_PROXY=1`, or the flag
 * `--use-env-proxy`.
 */
export function usesEnvProxy(
  env: Readonly<Record<string, string | undefined>>,
  flags = process.execArgv,
): boolean {
  const { NODE_USE_ENV_PROXY, NODE_OPTIONS = '' } = env;
  return NODE_USE_ENV_PROXY === '1' || [...NODE_OPTIONS.split(' '), ...flags].includes('--use-env-proxy');
}
