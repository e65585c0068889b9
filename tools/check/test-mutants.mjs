// Makes small mistakes in the sources outside of core, one at a time, and looks whether a test notices. Core has Stryker
// (npm run test:mutation).
//
//   npm run test:mutants -- --seed 7 --count 200
//   --packages guard,cli,server    where they are drawn from; default: these, testing and connect
//   --seconds 60                   for the tests of one mutant, by the clock
//   --jobs 2                       at a time; default: as many as there are cores
//   --only packages/cli/src/authz  in paths that begin so
//   --at-least 90                  fails when fewer percent are killed
import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { draw, mutantsOf, mutate } from './mutants/changes.mjs';
import { createCoverage, SNAPSHOTS } from './mutants/coverage.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '50' },
    packages: { type: 'string', default: 'guard,cli,server,testing,connect' },
    seconds: { type: 'string', default: '60' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string', default: '' },
    'at-least': { type: 'string', default: '0' },
  },
});
/** In one process, after those that come first in groups of one, two and four. */
const FILES_AT_ONCE = 8;
const isSurvivor = ({ by }) => by === undefined;
/** For test files that run without a mutant. */
const TEST_LIMIT_MS = 300_000;
/** In what is built from a `main.ts`. */
const RUNS = /\b(?:main\(process\.argv\.slice\(2\)\)|runService\(\))/;
const IS_COPIED = "!(await import('node:fs')).existsSync(new URL('../src/', import.meta.url))";
const FLAGS = ['--conditions=@keycloak-guard/source'];

const chosen = values.packages
  .split(',')
  .flatMap((name) =>
    readdirSync(join(root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' }).map(
      (file) => `packages/${name}/src/${file}`,
    ),
  )
  .filter((file) => file.endsWith('.ts') && !file.startsWith('packages/guard/src/core/'))
  .filter((file) => file.startsWith(values.only))
  .sort();
const all = chosen.flatMap((file) => mutantsOf(file, readFileSync(join(root, file), 'utf8')));
const drawn = draw(all, Number(values.count), Number(values.seed));
console.log(
  `${drawn.length} of ${all.length} mutants in ${chosen.length} files, drawn by the seed ${values.seed}`,
);

execFileSync(process.execPath, [join(root, 'tools/build/built.mjs'), '--no-check'], {
  cwd: root,
  stdio: 'inherit',
});
const copies = [];
process.on('exit', () => {
  for (const copy of copies) rmSync(dirname(copy), { recursive: true, force: true });
});
process.on('SIGINT', () => process.exit(130));
for (let job = 0; job < Number(values.jobs); job++) copies.push(copyRepository());

const coverage = createCoverage(root, new Set(drawn.map(({ file }) => file)));
const unknown = coverage.unknown();
if (unknown.length > 0) console.log(`Runs ${unknown.length} test files once, to see what they run`);
const uncovered = unknown.values();
await Promise.all(copies.map(cover));
const red = coverage.red();
if (red.length > 0) console.log(`Fail without a mutant:\n  ${red.join('\n  ')}`);

const outcomes = [];
const waiting = drawn.values();
await Promise.all(copies.map(tryMutants));

console.log('\nSurvived:');
for (const { mutant, why } of outcomes.filter(isSurvivor)) console.log(`  ${describe(mutant)}  (${why})`);
const percents = [...values.packages.split(','), ''].map((name) => {
  const those = outcomes.filter(({ mutant }) => mutant.file.startsWith(`packages/${name}`));
  const killed = those.filter((one) => !isSurvivor(one)).length;
  const percent = (100 * killed) / Math.max(those.length, 1);
  console.log(`Killed ${killed} of ${those.length} (${percent.toFixed(1)} %) ${name}`);
  return percent;
});
process.exit(percents.at(-1) >= Number(values['at-least']) ? 0 : 1);

/** Runs test files that did not run yet, without a mutant. */
async function cover(copy) {
  const folder = join(copy, 'covered');
  for (const test of uncovered) {
    mkdirSync(folder);
    const began = performance.now();
    let { isGood } = await runTests(copy, [test], TEST_LIMIT_MS, { NODE_V8_COVERAGE: folder });
    const seconds = (performance.now() - began) / 1000;
    // Some look at what a process writes, or at what it costs.
    if (!isGood) ({ isGood } = await runTests(copy, [test], TEST_LIMIT_MS));
    coverage.keep(test, { folder, copy, seconds, isGood });
  }
}

/** Takes mutants until there are no more. */
async function tryMutants(copy) {
  for (const mutant of waiting) {
    const path = join(copy, mutant.file);
    const source = readFileSync(path, 'utf8');
    const began = performance.now();
    const put = (isMutant) => writeFileSync(path, isMutant ? mutate(source, mutant) : source);
    const outcome = { mutant, ...(await firstToNotice(copy, coverage.testsOf(mutant), put)) };
    put(false);
    outcomes.push(outcome);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    const { by, why } = outcome;
    console.log(
      `${by === undefined ? 'SURVIVED' : 'killed  '} ${describe(mutant)}  (${by ?? why}, ${seconds} s)`,
    );
  }
}

/** @returns what noticed the mutant, or why nothing did */
async function firstToNotice(copy, tests, put) {
  if (tests.length === 0) return { why: 'no test runs it' };
  const end = performance.now() + Number(values.seconds) * 1000;
  const groups = [];
  for (let at = 0, size = 1; at < tests.length; at += size, size = Math.min(2 * size, FILES_AT_ONCE))
    groups.push(tests.slice(at, at + size));
  for (const [at, group] of groups.entries()) {
    if (performance.now() > end)
      return { why: `the time was up after ${at} of ${groups.length} groups of test files` };
    put(true);
    const limitMs = 10_000 + 4_000 * coverage.secondsOf(group);
    const { isGood, title } = await runTests(copy, group, limitMs);
    if (isGood) continue;
    // On a machine that is busy, a test may fail without a mutant, or not end in time.
    put(false);
    if ((await runTests(copy, group, limitMs / 2)).isGood)
      return { by: `${group[0]} …: ${title ?? 'it does not end'}` };
    if (group.length > 1) groups.push(...group.map((test) => [test]));
  }
  return { why: `${tests.length} test files run it` };
}

/** Resolves to whether all of them pass, and else to the title of the first that fails; to none where the time was up. */
function runTests(copy, files, timeoutMs, env = {}) {
  const entry = join(copy, 'test/mutant.mjs');
  writeFileSync(entry, files.map((file) => `import '${pathToFileURL(join(copy, file))}';\n`).join(''));
  const strip = process.features.typescript ? [] : ['--import', join(copy, 'tools/run/strip-types.mjs')];
  const reporter = `--test-reporter=${pathToFileURL(join(copy, 'tools/check/mutants/first-failure.mjs'))}`;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...FLAGS, ...strip, reporter, entry], {
      ...{ cwd: copy, stdio: ['ignore', 'pipe', 'ignore'], detached: true },
      env: { ...process.env, NODE_ENV: 'test', TMPDIR: temporaryOf(copy), ...env },
    });
    let written = '';
    let isLate = false;
    child.stdout.on('data', (chunk) => {
      written += chunk;
    });
    const kill = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended, and all that it started.
      }
    };
    const timer = setTimeout(() => {
      isLate = true;
      kill();
    }, timeoutMs);
    child.on('close', (code) => {
      clearTimeout(timer);
      kill();
      resolve({ isGood: code === 0, title: isLate ? undefined : written.split('\n')[0] });
    });
  });
}

/** Not in the copy: what a test makes there would find what the copy has installed. */
function temporaryOf(copy) {
  return join(copy, '../tmp');
}

/**
 * Without what is installed, which is linked. A program that tests run is that of the sources, unless they copy what is built to
 * another place.
 */
function copyRepository() {
  const copy = join(mkdtempSync(join(tmpdir(), 'mutants-')), 'repository');
  mkdirSync(copy);
  mkdirSync(temporaryOf(copy));
  for (const name of readdirSync(root)) {
    if (name !== 'node_modules' && name !== '.git')
      cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  linkInstalled('node_modules', copy);
  for (const name of readdirSync(join(copy, 'packages'))) {
    const main = join(copy, 'packages', name, 'dist/main.js');
    if (!existsSync(main) || !existsSync(join(copy, 'packages', name, 'src/main.ts'))) continue;
    const strip = process.features.typescript
      ? ''
      : `await import('${pathToFileURL(join(copy, 'tools/run/strip-types.mjs'))}');\n`;
    const built = readFileSync(main, 'utf8');
    const sources = `async function runSources() {\n${SNAPSHOTS}${strip}await import('../src/main.ts');\nreturn process.exitCode ?? new Promise(() => {});\n}\n`;
    writeFileSync(main, built.replace(RUNS, `(${IS_COPIED} ? $& : runSources())`) + sources);
  }
  return copy;
}

function linkInstalled(folder, copy) {
  mkdirSync(join(copy, folder));
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name === '.cache') mkdirSync(join(copy, path));
    // Our own packages.
    else if (entry.isSymbolicLink()) cpSync(join(root, path), join(copy, path), { verbatimSymlinks: true });
    else if (entry.name === '@keycloak-guard') linkInstalled(path, copy);
    else symlinkSync(join(root, path), join(copy, path));
  }
}

function describe({ file, line, column, from, to }) {
  const short = (text) => text.replace(/\s+/g, ' ').slice(0, 90);
  return `${file}:${line}:${column}  ${short(from)} → ${to === ';' ? '(left out)' : short(to)}`;
}
