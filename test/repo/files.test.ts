import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './source-imports.ts';

/** Files that are longer, each with the reason why it is in one piece. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'packages/connect/src/express/keycloak.ts':
    "keycloak-connect's class; nearly half of it says how each method is called",
  'test/core/recheck.test.ts': 'every answer of Keycloak about a token, one clock for all of them',
  'test/keycloak/support/failures.ts': 'one table: every way to break a set-up, and what the doctor says',
};

// Not in a git checkout (an unpacked archive) there is nothing to look at.
const tracked = existsSync(join(ROOT, '.git'))
  ? execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean)
  : [];
const options = { skip: tracked.length === 0 ? 'not a git checkout' : false };
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const existing = tracked.filter((file) => existsSync(join(ROOT, file)));
const code = existing.filter((file) =>
  /^(packages\/\w+\/src|test|tools|lab|examples)\/.*\.(ts|mjs)$/.test(file),
);

test('source files are named in kebab-case, for what is in them', options, () => {
  const name = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.bench|\.d)?\.(ts|mjs)$/;
  // As Nest's own program names what it makes.
  const nest = /^examples\/nest\/.*\/[a-z-]+\.(module|controller|service|(controller\.)?spec)\.ts$/;
  // Those of a recipe are the routes of its framework.
  const wrong = code.filter((file) => {
    if (file.startsWith('examples/recipes/')) return false;
    const base = file.split('/').at(-1) ?? '';
    return !(name.test(base) || nest.test(file)) || /(^|\/)(utils?|helpers?|common|misc)([./]|$)/.test(file);
  });
  assert.deepEqual(wrong, []);
  assert.ok(code.length > 50);
});

test('no source file has more than 330 lines, and no test more than 400, without a reason', options, () => {
  const most = (file: string): number => (/^(test|examples|lab\/bench)\//.test(file) ? 400 : 330);
  const linesOf = (file: string): number => read(file).trimEnd().split('\n').length;
  const long = code.filter((file) => linesOf(file) > most(file));
  const said = long.map((file) => `${file}: ${linesOf(file)} of ${most(file)} lines`);
  assert.deepEqual(long, Object.keys(LONG_FILES), `cut by what its parts are about:\n${said.join('\n')}`);
});

test('no tracked file names a path of a machine', options, () => {
  const machine = /(?:^|[\s"'`(=:])\/(?:work|root|home\/(?!node\b)\w+|Users\/\w+)\//m;
  const wrong = existing
    .filter((file) => !/\.(png|jpg|ico|gif|woff2?)$/.test(file))
    .filter((file) => machine.test(read(file)));
  assert.deepEqual(wrong, []);
  assert.match(` ${['', 'root', 'x'].join('/')}`, machine);
});

test('the lockfile names no registry', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { resolved?: string; link?: boolean }>;
  };
  const named = Object.entries(packages).filter(([, entry]) => entry.resolved !== undefined && !entry.link);
  assert.deepEqual(
    named.map(([path]) => path),
    [],
  );
  assert.ok(Object.keys(packages).length > 100);
});
