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
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { draw, mutantsOf, mutate } from './mutants/changes.mjs';
import { createTestsOf } from './mutants/tests-of.mjs';

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
/** In one process. */
const FILES_AT_ONCE = 8;
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
const testsOf = createTestsOf(root);
const outcomes = [];
/** Groups of test files that fail without a mutant, so they notice none. */
const red = new Set();
const waiting = drawn.values();
const folders = [];
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
process.on('SIGINT', () => process.exit(130));
await Promise.all(Array.from({ length: Number(values.jobs) }, work));

const survivors = outcomes.filter(({ by }) => by === undefined);
const percent = (100 * (outcomes.length - survivors.length)) / outcomes.length;
console.log(
  `\nKilled ${outcomes.length - survivors.length} of ${outcomes.length} (${percent.toFixed(1)} %). Survived:`,
);
for (const { mutant } of survivors) console.log(`  ${describe(mutant)}`);
if (red.size > 0) console.log(`\nFailed without a mutant, or not in time:\n  ${[...red].join('\n  ')}`);
process.exit(percent >= Number(values['at-least']) ? 0 : 1);

/** Takes mutants until there are no more, each in the same copy of the repository. */
async function work() {
  const copy = copyRepository();
  folders.push(copy);
  /** Test files that pass without a mutant. */
  const good = new Map();
  for (const mutant of waiting) {
    const path = join(copy, mutant.file);
    const source = readFileSync(path, 'utf8');
    const began = performance.now();
    writeFileSync(path, mutate(source, mutant));
    const found = await firstToNotice(copy, mutant, () => writeFileSync(path, source), good);
    writeFileSync(path, source);
    outcomes.push({ mutant, by: found });
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(
      `${found === undefined ? 'SURVIVED' : 'killed  '} ${describe(mutant)}  (${found ?? 'no test'}, ${seconds} s)`,
    );
  }
}

/** @returns what noticed the mutant */
async function firstToNotice(copy, mutant, restore, good) {
  const files = testsOf(mutant.file);
  const end = performance.now() + Number(values.seconds) * 1000;
  for (let at = 0; at < files.length && performance.now() < end; at += FILES_AT_ONCE) {
    const group = files.slice(at, at + FILES_AT_ONCE);
    const mutated = readFileSync(join(copy, mutant.file), 'utf8');
    const limitMs = Math.max(10_000, end - performance.now());
    const { isGood, said } = await runTests(copy, group, limitMs);
    if (isGood) continue;
    // On a machine that is busy, a test may fail without a mutant, or not end in time.
    restore();
    const key = said === undefined ? `${group}, ${limitMs / 2}` : group.join();
    if (!good.has(key))
      good.set(key, await runTests(copy, group, said === undefined ? limitMs / 2 : 600_000));
    if (good.get(key).isGood) return `${group[0]} …: ${said ?? 'it does not end'}`;
    red.add(group.join(' '));
    writeFileSync(join(copy, mutant.file), mutated);
  }
  return undefined;
}

/** Resolves to whether all of them pass, and else to the title of the first that fails; to none where the time was up. */
function runTests(copy, files, timeoutMs) {
  const entry = join(copy, 'test/mutant.mjs');
  writeFileSync(entry, files.map((file) => `import '${pathToFileURL(join(copy, file))}';\n`).join(''));
  const strip = process.features.typescript ? [] : ['--import', join(copy, 'tools/run/strip-types.mjs')];
  const reporter = `--test-reporter=${pathToFileURL(join(copy, 'tools/check/mutants/first-failure.mjs'))}`;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...FLAGS, ...strip, reporter, entry], {
      ...{ cwd: copy, stdio: ['ignore', 'pipe', 'ignore'], detached: true },
      env: { ...process.env, NODE_ENV: 'test', TMPDIR: join(copy, 'tmp') },
    });
    let said = '';
    let isLate = false;
    child.stdout.on('data', (chunk) => {
      said += chunk;
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
      resolve({ isGood: code === 0, said: isLate ? undefined : said.split('\n')[0] });
    });
  });
}

/** Without what is installed, which is linked. A program that tests run is that of the sources. */
function copyRepository() {
  const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
  mkdirSync(join(copy, 'tmp'));
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
    writeFileSync(main, `#!/usr/bin/env node\n${strip}await import('../src/main.ts');\n`);
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
