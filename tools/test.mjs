// Runs the test files with node:test. Node 20's `--test` takes no globs, so the files are listed here.
//
//   node tools/test.mjs                 every test that needs no real Keycloak
//   node tools/test.mjs core service    only the named folders or files below test/
//   node tools/test.mjs --coverage      with c8: fails below the coverage that coverage-gate.mjs asks for
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findShortfalls } from './coverage-gate.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const coverage = args.includes('--coverage');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const passOn = args.filter((arg) => arg.startsWith('--') && arg !== '--coverage');

// Needs a real Keycloak (run by tools/test-keycloak.ts), or a Chromium (npm run test:browser), or a
// Redis (npm run test:redis), or promtool (npm run test:deploy).
const SEPARATE = ['keycloak', 'browser', 'redis', 'deploy'];

const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) =>
    wanted.length > 0
      ? wanted.some((name) => file.startsWith(name.replace(/^test\//, '')))
      : !SEPARATE.some((folder) => file.startsWith(`${folder}/`)),
  )
  .map((file) => relative(process.cwd(), join(root, 'test', file)))
  .sort();

if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`);
  process.exit(1);
}

const concurrency = Math.max(1, availableParallelism());
const test = ['--import', 'tsx', '--test', `--test-concurrency=${concurrency}`, ...passOn, ...files];
const c8 = join(root, 'node_modules/c8/bin/c8.js');
if (coverage && !existsSync(c8)) {
  console.error('c8 is not installed: run npm ci');
  process.exit(1);
}
const collect = [
  c8,
  '--all',
  '--src=src',
  '--include=src/**',
  '--reporter=text-summary',
  '--reporter=json-summary',
];
const run = spawnSync(process.execPath, coverage ? [...collect, process.execPath, ...test] : test, {
  stdio: 'inherit',
  env: { ...process.env, NODE_ENV: 'test' },
});
if (run.status !== 0 || !coverage) process.exit(run.status ?? 1);

const shortfalls = findShortfalls(root);
for (const shortfall of shortfalls) console.error(`Coverage: ${shortfall}`);
process.exit(shortfalls.length === 0 ? 0 : 1);
