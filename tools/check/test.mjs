// Runs the test files with node:test, several of a folder in one process: to load Fastify takes longer than most tests.
//
//   node tools/check/test.mjs                 what answers "does it work here?": see ANSWERS
//   node tools/check/test.mjs --all           every test that needs no other program
//   node tools/check/test.mjs core service    only the named folders or files below test/, or `examples`
//   node tools/check/test.mjs --rest          what --all has more than the first line
//   node tools/check/test.mjs --coverage      --all with c8: fails below the coverage that coverage-gate.mjs asks for
//
// Where CI is set, processes that failed run once more, each alone: see test/README.md. TEST_TIMES=1 shows the time of each process.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { TYPESCRIPT } from '../run/typescript.mjs';
import { findShortfalls } from './coverage-gate.mjs';
import { filesToTryAgain, reporters } from './reporters/reporters.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const args = process.argv.slice(2);
const OWN_FLAGS = ['--all', '--coverage', '--rest'];
const coverage = args.includes('--coverage');
const rest = args.includes('--rest');
const all = args.includes('--all') || coverage || rest;
const folders = args.filter((arg) => !arg.startsWith('--'));
/** Whether it is {@link ANSWERS}. */
const isAnswers = folders.length === 0 && !all;
const passOn = args.filter((arg) => arg.startsWith('--') && !OWN_FLAGS.includes(arg));

// Needs a real Keycloak (run by tools/check/test-keycloak.ts), or a Docker Engine (by test-containers.ts), or a Chromium
// (npm test -- browser), or a Redis (npm test -- redis), or promtool (npm test -- deploy); or starts programs (npm test -- shipped).
const SEPARATE = ['keycloak', 'containers', 'browser', 'redis', 'deploy', 'shipped'];
/**
 * What `npm test` runs without arguments: the verifier and its attacks, each room of the library that stands alone, the contracts
 * on the embedded provider, an adapter of each kind (middleware, plugins, Fetch). What must not compile, and the rules of the
 * repository, are for whoever changes it.
 */
const ANSWERS = [
  ...['core', 'attacks', 'session', 'authz', 'client', 'outgoing', 'tenants', 'testing'],
  ...['contract/provider/embedded', 'contract/guide/embedded.', 'fetch'],
  ...['adapters/express.', 'adapters/fastify.', 'adapters/fetch.'],
];
/** They start processes of their own and wait for them, or measure their process. */
const ALONE = /^(cost|create).|^cli.start|^docs.(frameworks.test|graphql|guide)|^redis.adapter/;
/** No process takes a larger part of the whole, as far as its files allow it. Fewer are cheaper: what ran once runs faster. */
const LARGEST_PART = 1 / 16;
/** A process of so few seconds takes more to start than it saves. */
const LEAST_SECONDS = 12;
/** What a file that did not run yet works and waits. Unit: seconds. */
const UNKNOWN_SECONDS = 0.9;
/** The same, of those that take longer, and of folders. */
const LONGER = {
  ...{ 'cost/shapes.test.ts': 20, 'cost/kinds-of-shapes.test.ts': 6, 'repo/zz-hang.test.ts': 10 },
  ...{ 'cli/start.test.ts': 6, 'docs/graphql-and-rpc.test.ts': 6, 'create/templates.test.ts': 6 },
  ...{ browser: 8, redis: 4, 'redis/faults.test.ts': 7, endings: 5, limits: 5, events: 4.5, contract: 4 },
  ...{ mcp: 3, adapters: 2.4, connect: 2.4, docs: 2.4, nest: 2.4, server: 2.4, session: 2 },
  ...{ attacks: 1.8, 'attacks-session': 1.8, client: 1.7 },
};
/** For all files of a process, longer where CI runs other parts beside. One that does not end by then has failed. */
const TIMEOUT_MS = process.env.CI ? 400_000 : 300_000;
/** Where Node reads TypeScript itself, all processes share what it made of a file: a quarter less for each. */
const COMPILED =
  process.features.typescript && !coverage
    ? { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled') }
    : {};
/** See there. */
const CHEAPER = process.features.typescript
  ? []
  : ['--import', new URL('reporters/cheaper-tests.mjs', import.meta.url).href];
/** Processes. */
const MOST_TRIED_AGAIN = 6;
/** How long each file worked and waited the last time that it ran. Unit: seconds. */
const TIMES = join(root, 'node_modules/.cache/test-seconds.json');
const ALL_LOADED = new URL('reporters/all-loaded.mjs', import.meta.url).href;
/** Ends a process whose tests are done, though one that failed left something open. What a green one leaves open is a mistake. */
const ENDS_WHEN_DONE = `import { after } from 'node:test';
after(() => {
  const end = () => {
    console.error('Its tests are done. Open: ' + process.getActiveResourcesInfo().join(', '));
    process.exit(1);
  };
  setTimeout(end, 10_000).unref();
});
`;
/** The test files of each process. */
const filesOf = new Map();

const listed = (folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
const present = [...listed('test'), ...listed('examples').map((file) => `examples/${file}`)]
  .map((file) => file.replaceAll(sep, '/'))
  .filter((file) => file.endsWith('.test.ts'));
const files = present.filter(isChosen).sort();

const unmatched = folders.filter((name) => !files.some((file) => isBelow(file, name)));
if (unmatched.length > 0) {
  console.error(`no test file matches ${unmatched.join(' ')}`);
  process.exit(1);
}
const c8 = join(root, 'node_modules/c8/bin/c8.js');
if (coverage && !existsSync(c8)) {
  console.error('c8 is not installed: run npm ci');
  process.exit(1);
}

// Tests that run the program run what is shipped; coverage of it needs source maps, which are not. ANSWERS run none.
if (!isAnswers)
  execFileSync(
    process.execPath,
    [join(root, 'tools/build/built.mjs'), '--no-check', ...(coverage ? ['--source-maps'] : [])],
    { cwd: root, stdio: 'inherit' },
  );

const folder = join(root, `node_modules/.cache/tests-${process.pid}`);
mkdirSync(folder, { recursive: true });
// Whatever a test leaves in the folder for temporary files goes with it.
const scratch = mkdtempSync(join(tmpdir(), 'test-'));
process.on('exit', () => {
  for (const made of [folder, scratch]) rmSync(made, { recursive: true, force: true });
});
const failed = join(folder, 'failed');
console.log(`${files.length} of ${present.length} test files`);
const passed = run(writeGroups()) || passesAlone(filesToTryAgain(failed, MOST_TRIED_AGAIN));
showTimes();
if (isAnswers) console.log('All tests that need only Node: npm run test:all');
if (!passed || !coverage) process.exit(passed ? 0 : 1);

const shortfalls = findShortfalls(root);
for (const shortfall of shortfalls) console.error(`Coverage: ${shortfall}`);
process.exit(shortfalls.length === 0 ? 0 : 1);

/**
 * @param {string[]} paths of test files, a process for each
 * @param {{ isSecond?: boolean }} [of]
 * @returns {boolean} whether all of them passed
 */
function run(paths, { isSecond = false } = {}) {
  const test = [
    ...TYPESCRIPT,
    ...CHEAPER,
    '--test',
    // Many tests wait: two processes more than there are cores. In CI, other parts run beside all but ANSWERS.
    `--test-concurrency=${isSecond ? 1 : availableParallelism() + (process.env.CI && !isAnswers ? 0 : 2)}`,
    `--test-timeout=${TIMEOUT_MS}`,
    ...reporters(failed, TIMEOUT_MS),
    ...passOn,
    ...paths,
  ];
  const collect = [
    c8,
    '--all',
    '--src=packages',
    '--include=packages/*/src/**',
    '--reporter=text-summary',
    '--reporter=json-summary',
    `--clean=${!isSecond}`,
  ];
  const { status } = spawnSync(process.execPath, coverage ? [...collect, process.execPath, ...test] : test, {
    stdio: 'inherit',
    env: { ...process.env, ...COMPILED, NODE_ENV: 'test', TMPDIR: scratch },
  });
  return status === 0;
}

/** A second try, for tests of time on a machine that was busy with something else. It is said, so that it is looked into. */
function passesAlone(again) {
  if (again.length === 0) return false;
  const names = again.map((file) => relative(root, file)).join(', ');
  console.log(`\nOnce more, alone: ${names}`);
  const passes = run(again, { isSecond: true });
  console.log(passes ? `\nPassed at the second try (${again.length}): ${names}` : '\nFailed twice.');
  return passes;
}

function isBelow(file, name) {
  return file.startsWith(name.replace(/^test\//, ''));
}

function isChosen(file) {
  const below = (names) => names.some((name) => isBelow(file, name));
  if (folders.length > 0) return below(folders);
  if (!all) return below(ANSWERS);
  return !below(SEPARATE.map((name) => `${name}/`)) && !(rest && below(ANSWERS));
}

/** A file for each process, which imports those of its tests. What takes longest begins first. */
function writeGroups() {
  const times = readTimes();
  const secondsOf = (file) => times[file] ?? LONGER[file] ?? LONGER[file.split('/')[0]] ?? UNKNOWN_SECONDS;
  const most = Math.max(LEAST_SECONDS, files.reduce((sum, file) => sum + secondsOf(file), 0) * LARGEST_PART);
  const groups = [];
  let open;
  for (const file of files) {
    const seconds = secondsOf(file);
    const isAlone = ALONE.test(file) || seconds > most;
    if (!isAlone && open !== undefined) {
      if (open.seconds + seconds <= most) {
        open.files.push(file);
        open.seconds += seconds;
        continue;
      }
    }
    const group = { files: [file], seconds };
    groups.push(group);
    if (!isAlone) open = group;
  }
  return groups
    .sort((a, b) => b.seconds - a.seconds)
    .map(({ files }, i) => {
      const name = [...new Set(files.map((file) => file.split('/')[0]))].join('-');
      const path = join(folder, `${String(i + 1).padStart(3, '0')}-${name}.test.mjs`);
      const tests = files.map((file) => `import '${toUrl(file)}';\n`).join('');
      writeFileSync(path, `import { begin } from '${ALL_LOADED}';\n${tests}begin();\n${ENDS_WHEN_DONE}`);
      filesOf.set(path, files);
      return path;
    });
}

function readTimes() {
  try {
    return JSON.parse(readFileSync(TIMES, 'utf8'));
  } catch {
    return {};
  }
}

/** A process has one time for all of its files: each counts an equal part of it. */
function showTimes() {
  const times = readTimes();
  const processes = readdirSync(failed)
    .filter((name) => name.endsWith('.spent'))
    .map((name) => JSON.parse(readFileSync(join(failed, name), 'utf8')));
  for (const { path, processorSeconds, idleSeconds } of processes) {
    const group = filesOf.get(path) ?? [];
    for (const file of group) times[file] = round((processorSeconds + idleSeconds) / group.length);
  }
  writeFileSync(TIMES, JSON.stringify(times));
  const sum = (name) => Math.round(processes.reduce((all, one) => all + one[name], 0));
  console.log(
    `${sum('processorSeconds')} s of processor time; the processes waited for ${sum('idleSeconds')} s`,
  );
  if (!process.env.TEST_TIMES) return;
  for (const one of processes.sort((a, b) => b.processorSeconds - a.processorSeconds))
    console.log(
      `${round(one.processorSeconds)} s, waited ${round(one.idleSeconds)} s: ${(filesOf.get(one.path) ?? []).join(' ')}`,
    );
}

function round(seconds) {
  return Math.round(seconds * 100) / 100;
}

function toUrl(file) {
  return pathToFileURL(file.startsWith('examples/') ? join(root, file) : join(root, 'test', file));
}
