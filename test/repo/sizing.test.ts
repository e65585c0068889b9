import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Results } from '../../lab/bench/report/results-file.ts';
import { type Costs, sizeFor } from '../../lab/bench/sizing/model.ts';
import { toSizingPage } from '../../lab/bench/sizing/page.ts';
import { ROOT } from './source-imports.ts';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test('the table and the picture of docs/production.md follow from lab/bench/results.json', () => {
  const page = read('docs/production.md');
  const results = JSON.parse(read('lab/bench/results.json')) as Results;
  const written = toSizingPage(page, results);
  assert.equal(written.page, page, 'stale: npm run bench -- pages');
  assert.equal(written.picture, read('assets/sizing.svg'), 'stale: npm run bench -- pages');
});

/** Round numbers, so that what is expected can be worked out by hand. */
const COSTS: Costs = {
  ...{ login: 0.1, refresh: 0.01, check: 0.004 },
  ...{ request: 0.0001, newToken: 0.0003, sessionRead: 0.0002, serviceLogin: 0.002, serviceRefresh: 0.001 },
  ...{ redisRead: 0.00002, sessionBytes: 5_000 },
};
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual / expected - 1) < 1e-9, `${actual}, not ${expected}`);

test('a million users come to what the formulas on the page say, by hand', () => {
  const size = sizeFor(1_000_000, COSTS);
  assert.equal(size.activeUsers, 100_000);
  assert.equal(size.requests, 10_000);
  near(size.logins, 500 / 9);
  near(size.refreshes, 100_000 / 270);
  near(size.checks, 100_000 / 25);
  near(size.redisCores, (2 * 5_000 + (4 * 100_000) / 270 + 500 / 9) * 0.00001);
  near(size.redisBytes, 7.5e9);
  near(size.keycloakCores.checks, 16);
  // 5.56 + 3.70 + 16 cores, of which 40 % of four may be busy.
  assert.equal(size.keycloaks, 16);
  assert.equal(size.keycloaksLocal, 6);
  near(size.withEvents.keycloakCores, 50 / 9 + 100 / 27 + 0.088);
  assert.equal(size.withEvents.keycloaks, 6);
  near(
    size.serviceCores,
    1 + 0.5 + (500 / 9 + 100_000 / 270) * 0.0002 + 1 / 9 + (100_000 / 270 + 4_000) * 0.001,
  );
  assert.equal(size.replicas, 10);
});

test('few users still get two Keycloaks and three replicas', () => {
  const few = sizeFor(10, COSTS);
  assert.deepEqual([few.keycloaks, few.replicas], [2, 3]);
});
