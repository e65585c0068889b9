import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './source-imports.ts';

const [packed] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--offline'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
) as { files: { path: string }[] }[];
const files = new Set(packed?.files.map(({ path }) => path));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test('every document that the program or the README names is in the package', () => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `src/${file}`);
  const named = sources.flatMap(
    (file) => read(file).match(/\bdocs\/[\w/-]+\.md|(?<![\w/])\.env\.example/g) ?? [],
  );
  assert.ok(named.length > 5);
  assert.deepEqual(
    [...new Set(named)].filter((file) => !files.has(file)),
    [],
  );
  const linked = [...read('README.md').matchAll(/\]\((docs\/[^)#]+\.md)/g)].map(([, file = '']) => file);
  assert.deepEqual(
    linked.filter((file) => !files.has(file)),
    [],
  );
});

test('the package has no source maps, and no file that names one', () => {
  assert.deepEqual(
    [...files].filter((file) => file.endsWith('.map')),
    [],
  );
  const { compilerOptions } = JSON.parse(read('tsconfig.build.json')) as {
    compilerOptions: Record<string, unknown>;
  };
  assert.deepEqual([compilerOptions.sourceMap, compilerOptions.declarationMap], [false, false]);
});
