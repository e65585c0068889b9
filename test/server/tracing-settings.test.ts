import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTracingSettings, usesEnvProxy } from '../../packages/server/src/config/environment.ts';
import { configFor } from './service.ts';

test('traces are on where OTEL_* asks for them, and only then', () => {
  const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' };
  for (const [env, exporter, problem] of [
    [{}, 'off', undefined],
    [otlp, 'http/protobuf', undefined],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://localhost/v1/traces' }, 'http/protobuf', undefined],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, 'http/protobuf', undefined],
    [{ ...otlp, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, 'http/json', undefined],
    [{ OTEL_TRACES_EXPORTER: 'console' }, 'console', undefined],
    [{ ...otlp, OTEL_TRACES_EXPORTER: 'none' }, 'off', undefined],
    [{ ...otlp, OTEL_SDK_DISABLED: 'TRUE' }, 'off', undefined],
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'off', /OTEL_TRACES_EXPORTER must be otlp/],
    [{ ...otlp, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'off', /PROTOCOL must be http\/protobuf/],
    ...['collector:4318', 'localhost', 'http://', 'file:///tmp'].map((text) => [
      { OTEL_EXPORTER_OTLP_ENDPOINT: text },
      ...['off', /OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https URL/],
    ]),
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318', OTEL_TRACES_EXPORTER: 'console' },
      'console',
      undefined,
    ],
  ] as [Record<string, string>, string, RegExp | undefined][]) {
    const settings = readTracingSettings(env);
    assert.equal(settings.exporter, exporter, JSON.stringify(env));
    if (problem === undefined) assert.equal(settings.problem, undefined);
    else assert.match(settings.problem ?? '', problem);
  }
  assert.deepEqual(configFor('http://localhost:1', otlp).tracing, { exporter: 'http/protobuf' });
});

test('the settings of the environment for a proxy are those of Node', () => {
  assert.deepEqual(
    [
      usesEnvProxy({}, []),
      usesEnvProxy({ NODE_USE_ENV_PROXY: '0' }, ['--use-env']),
      usesEnvProxy({ NODE_USE_ENV_PROXY: '1' }, []),
      usesEnvProxy({ NODE_OPTIONS: '--inspect --use-env-proxy' }, []),
      usesEnvProxy({}, ['--use-env-proxy']),
    ],
    [false, false, true, true, true],
  );
});
