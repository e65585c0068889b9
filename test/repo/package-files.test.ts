import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT, sourceFiles } from './source-imports.ts';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const filesOf = (name: string): readonly string[] =>
  (JSON.parse(read(`packages/${name}/package.json`)) as { files: string[] }).files;

test('every document that a program names is in its package, or in one that it brings along', () => {
  const named = sourceFiles().flatMap((file) => {
    // What only developers of this project read.
    const code = read(`packages/${file}`).replace(/^\s*(\/\/|\/?\*).*$/gm, '');
    const found = code.match(/\bdocs\/[\w/-]+\.md|(?<![\w/])\.env\.example/g) ?? [];
    return found.map((document) => ({ name: file.split('/')[0] ?? '', document }));
  });
  assert.ok(named.length > 3);
  // The command line brings the server along.
  const brings = (name: string) =>
    name === 'cli' ? [...filesOf('cli'), ...filesOf('server')] : filesOf(name);
  assert.deepEqual(
    named.filter(
      ({ name, document }) => !brings(name).some((one) => document === one || document.startsWith(`${one}/`)),
    ),
    [],
  );
});

test('no package has source maps, or files that name one', () => {
  const { compilerOptions } = JSON.parse(read('tsconfig.build.json')) as {
    compilerOptions: Record<string, unknown>;
  };
  assert.deepEqual([compilerOptions.sourceMap, compilerOptions.declarationMap], [false, false]);
});
