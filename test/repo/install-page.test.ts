import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { documents } from '../../tools/docs/documents.ts';
import { PACKAGES } from '../../tools/release/pack.ts';
import { ROOT } from './source-imports.ts';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const PAGE = 'docs/install.md';

test('how to install stands on one page: no other shows an install of these packages, which are not on npm', () => {
  const installs = /\b(?:(?:npm (?:install|i|add)|yarn add|pnpm add) [^`\n]*keycloak-guard)/;
  assert.match(read(PAGE), installs);
  assert.deepEqual(
    documents().filter((file) => file !== PAGE && installs.test(read(file))),
    [],
  );
});

test('the archives on that page are those that `npm run pack` makes, one for each package', () => {
  const real = PACKAGES.map((folder) => {
    const { name, version } = JSON.parse(read(`packages/${folder}/package.json`)) as {
      name: string;
      version: string;
    };
    return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
  });
  const shown = read(PAGE).match(/(?:create-)?keycloak-guard[\w.-]*\.tgz/g) ?? [];
  assert.deepEqual([...new Set(shown)].sort(), real.sort());
});
