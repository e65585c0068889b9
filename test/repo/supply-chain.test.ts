import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ALLOWED_LICENCES, productionPackages } from '../../tools/release/production-packages.ts';
import { ROOT } from './source-imports.ts';

const packages = productionPackages();

test('every package that users get has a licence on the list', () => {
  const wrong = packages.filter(
    ({ licence }) => licence === undefined || !ALLOWED_LICENCES.includes(licence),
  );
  assert.deepEqual(
    wrong.map(({ name, version, licence }) => `${name}@${version}: ${licence}`),
    [],
  );
  assert.ok(packages.length > 100);
  assert.ok(
    !packages.some(({ name }) => name === 'typescript'),
    'what is for development alone does not count',
  );
});

test('the licences in the lockfile are those in the packages themselves', () => {
  const differing = packages.flatMap(({ name, licence, folder }) => {
    const file = join(ROOT, folder, 'package.json');
    // A package for another platform is not installed.
    if (!existsSync(file)) return [];
    const { license } = JSON.parse(readFileSync(file, 'utf8')) as { license?: string };
    return license === licence ? [] : [`${name}: ${licence}, and there ${license}`];
  });
  assert.deepEqual(differing, []);
});

test('no package that users get runs a script when it is installed', () => {
  const { packages: locked } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  const running = packages.filter(({ folder }) => locked[folder]?.hasInstallScript === true);
  assert.deepEqual(
    running.map(({ name }) => name),
    [],
  );
});
