import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TYPESCRIPT } from '../../tools/run/typescript.mjs';
import { ROOT } from './source-imports.ts';

test('an assertion that fails in a long test file fails at once, and does not hang the run', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'failing-assertion-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'long.test.mts');
  const passing = Array.from(
    { length: 400 },
    (_, i) =>
      `it('filler number ${i}', async () => { const some: number = ${i}; await Promise.resolve(); assert.equal(some, ${i}); });`,
  );
  const failing =
    "it('x', async () => { const a: number = 1; await Promise.resolve(); assert.ok(a === 2); });";
  const imports = ["import assert from 'node:assert/strict';", "import { it } from 'node:test';"];
  writeFileSync(file, `${[...imports, ...passing, failing].join('\n')}\n`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const run = spawnSync(process.execPath, [...TYPESCRIPT, '--test', file], {
    cwd: ROOT,
    env,
    timeout: 120_000,
    encoding: 'utf8',
  });
  assert.equal(run.status, 1, run.stderr);
  assert.match(run.stdout, /fail 1$/m);
});
