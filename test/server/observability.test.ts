import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startService } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { collectLog, configFor, startIdp } from './service.ts';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const PREFIXES = /\b(?:keycloak_guard|http|nodejs|process)_[a-z0-9_]+/g;

/** Of a set of names in a text, with what is no metric taken out. */
const metricsIn = (text: string) => [...new Set(text.match(PREFIXES))].sort();

test('every metric that dashboard, alerts and documentation name is there', async (t) => {
  const idp = await startIdp(t);
  // Nobody listens there: the numbers about Redis are there all the same.
  const settings = { METRICS_PORT: '0', REDIS_URL: 'redis://127.0.0.1:9', KEYCLOAK_EVENTS: 'on' };
  const config = configFor(idp.url, settings);
  const service = await startService(config, { logger: createLoggerTo(config, collectLog().stream) });
  t.after(() => service.close());
  await service.app.inject('/');
  const answer = await (await fetch(service.metricsUrl!)).text();
  const real = new Set(
    [...answer.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) => {
      return type === 'histogram' ? [name, `${name}_bucket`, `${name}_count`, `${name}_sum`] : [name];
    }),
  );
  assert.ok(real.size > 40);

  for (const file of ['deploy/observability/dashboard.json', 'deploy/observability/alerts.yaml']) {
    const named = metricsIn(read(file));
    assert.ok(named.length > 9, file);
    assert.deepEqual(
      named.filter((name) => !real.has(name)),
      [],
      file,
    );
  }
  const tables = /## Metrics\n([\s\S]*?)\n## /.exec(read('docs/observability.md'))?.[1] ?? '';
  const documented = metricsIn(tables).filter((name) => name !== 'process_');
  assert.deepEqual(
    documented.filter((name) => !real.has(name)),
    [],
  );
  const own = [...real].filter((name) => /^keycloak_guard_.*(?<!_bucket|_count|_sum)$/.test(name));
  assert.deepEqual(
    own.filter((name) => !documented.includes(name)),
    [],
    'each is explained',
  );
  const shown = [...metricsIn(read('deploy/observability/dashboard.json'))].join(' ');
  assert.deepEqual(
    own.filter((name) => !shown.includes(name)),
    [],
    'each is on the dashboard',
  );
});
