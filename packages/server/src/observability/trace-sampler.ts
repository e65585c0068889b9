import { getNumberFromEnv, getStringFromEnv } from '@opentelemetry/core';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';

const PARENT_BASED = /^parentbased_/;

/**
 * The one of `OTEL_TRACES_SAMPLER`, which OpenTelemetry makes for itself and does not give away. What it does not know is
 * `parentbased_always_on`, and every share that is none is 1.
 *
 * @see OpenTelemetry, "General SDK configuration"
 */
export function createSampler(): Sampler {
  const name = getStringFromEnv('OTEL_TRACES_SAMPLER') ?? '';
  const root = rootOf(name.replace(PARENT_BASED, ''));
  return root === undefined || PARENT_BASED.test(name)
    ? new ParentBasedSampler({ root: root ?? new AlwaysOnSampler() })
    : root;
}

function rootOf(name: string): Sampler | undefined {
  if (name === 'always_on') return new AlwaysOnSampler();
  if (name === 'always_off') return new AlwaysOffSampler();
  if (name !== 'traceidratio') return undefined;
  const share = getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG') ?? 1;
  return new TraceIdRatioBasedSampler(share >= 0 && share <= 1 ? share : 1);
}
