// Runs tests for Stryker, all in one process: a mutant costs the tests that reach its line, and no start of a process.
//
// A mutant has a budget of processor time. Tests that killed its neighbours run first, then those with the name of its file, then
// the quickest. A mutant that lives until the budget is spent has survived, whatever the other tests would say.
//
// A test that fails with a mutant is run once more without it. One that then fails too can run but once in a process: its file
// is loaded anew for this test, from then on. If that does not help, the test is left out, and with too many of them the process ends.
// Stryker starts another in its place, as it does where a mutant never returns.
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { collect, end, runTest } from './node-test.mjs';
import { ProgressReporter } from './progress.mjs';
import { hasHung, startWatchdog } from './watchdog.mjs';

const TEST_FILES = ['test/core/*.test.ts', 'test/attacks/attacks.test.ts', 'test/authz/request-path.test.ts'];
const SHIM = new URL('node-test.mjs', import.meta.url).href;
const BUDGET_MS = Number(process.env.MUTANT_BUDGET_MS ?? 1_000);
/** A test that takes longer than that is not tried. */
const LONGEST_TEST_MS = 4_000;
/** For a test, beside twenty times what it took the last time. On a busy machine it may take long. */
const TIMEOUT_MS = 4_000;
/** What the first process measured, for those after it. In the folder that Stryker makes for the run, which is the current one. */
const TIMES_FILE = 'mutation-times.json';
const MOST_LEFT_OUT = 20;
/** Tests replace that of `performance`. */
const now = performance.now.bind(performance);
const [SUCCESS, , SKIPPED] = [0, 1, 2];

class InProcessRunner {
  #tests = new Map();
  #mustBeFresh = new Set();
  #loadMs = new Map();
  #endProcess = process.exit;
  /** @type {(mutant: string) => void} */
  #watch = () => {};
  #loads = 0;
  #kills = 0;
  #leftOut = 0;
  /** By file and test, when the test last killed one of the file's mutants. */
  #killers = new Map();

  /** Mutants are active while tests run, never while files are loaded: no process has to begin anew. */
  capabilities() {
    return { reloadEnvironment: true };
  }

  async init() {
    globalThis.__stryker__ ??= {};
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === 'node:test' && !context.parentURL?.startsWith(SHIM)
          ? { url: SHIM, shortCircuit: true }
          : next(specifier, context),
    });
    process.env.NODE_ENV = 'test';
    this.#watch = startWatchdog();
    // A request that a test gave up, or that a mutant left behind, ends no process.
    process.on('unhandledRejection', () => {}).on('uncaughtException', () => {});
    this.#endProcess = process.exit.bind(process);
    process.exit = (code) => {
      throw new Error(`process.exit(${code})`);
    };
  }

  async dryRun({ testFiles }) {
    await this.#loadAll(testFiles);
    const tests = [];
    for (const test of this.#tests.values()) {
      if (test.isSkipped) {
        tests.push({ id: test.id, name: test.id, timeSpentMs: 0, status: SKIPPED });
        continue;
      }
      globalThis.__stryker__.currentTestId = test.id;
      const error = await this.#run(test);
      globalThis.__stryker__.currentTestId = undefined;
      // One that needs what those before it left behind: left out.
      test.isSkipped = error !== undefined;
      if (test.isSkipped) delete globalThis.__stryker__.mutantCoverage?.perTest[test.id];
      tests.push({
        id: test.id,
        name: test.id,
        timeSpentMs: test.tookMs,
        status: test.isSkipped ? SKIPPED : SUCCESS,
      });
    }
    const times = tests.map(({ id, status, timeSpentMs }) => [id, status === SKIPPED, timeSpentMs]);
    writeFileSync(TIMES_FILE, JSON.stringify(times));
    return { status: 'complete', tests, mutantCoverage: globalThis.__stryker__.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    if (hasHung(activeMutant.id)) return { status: 'timeout' };
    if (this.#leftOut > MOST_LEFT_OUT) this.#endProcess(1);
    if (this.#tests.size === 0) await this.#loadAll();
    const mutate = () =>
      Object.assign(globalThis.__stryker__, { activeMutant: activeMutant.id, hitCount: 0, hitLimit });
    const restore = () =>
      Object.assign(globalThis.__stryker__, { activeMutant: undefined, hitLimit: undefined });
    let ran = 0;
    this.#watch(activeMutant.id);
    const started = process.cpuUsage();
    for (const id of this.#inOrder(activeMutant.fileName, testFilter)) {
      const { user, system } = process.cpuUsage(started);
      if ((user + system) / 1000 > BUDGET_MS) break;
      ran++;
      const error = await this.#failure(id, mutate, restore);
      if (error === undefined) continue;
      this.#killersOf(activeMutant.fileName).set(id, ++this.#kills);
      return {
        status: 'killed',
        killedBy: [id],
        failureMessage: String(error?.message ?? error),
        nrOfTests: ran,
      };
    }
    return { status: 'survived', nrOfTests: ran };
  }

  async dispose() {
    await end();
  }

  #killersOf(fileName) {
    if (!this.#killers.has(fileName)) this.#killers.set(fileName, new Map());
    return this.#killers.get(fileName);
  }

  /** The tests of a mutant, in the order in which they run. */
  #inOrder(fileName, testFilter) {
    const killers = this.#killersOf(fileName);
    const name = basename(fileName, '.ts');
    const rank = ({ id, file }) => killers.get(id) ?? (file.includes(name) ? 0 : -1);
    const cost = ({ id, file, tookMs }) => tookMs + (this.#mustBeFresh.has(id) ? this.#loadMs.get(file) : 0);
    return [...this.#tests.values()]
      .filter(({ id, isSkipped }) => !isSkipped && (testFilter === undefined || testFilter.includes(id)))
      .filter((test) => cost(test) < LONGEST_TEST_MS)
      .sort((a, b) => rank(b) - rank(a) || cost(a) - cost(b))
      .map(({ id }) => id);
  }

  /** What a test fails with because of the mutant, or `undefined`. */
  async #failure(id, mutate, restore) {
    const error = await this.#try(id, mutate, restore);
    if (error === undefined || (await this.#try(id, restore, restore)) === undefined) return error;
    this.#mustBeFresh.add(id);
    const again = await this.#try(id, mutate, restore);
    if (again === undefined || (await this.#try(id, restore, restore)) === undefined) return again;
    this.#tests.get(id).isSkipped = true;
    this.#leftOut++;
  }

  async #try(id, prepare, restore) {
    if (this.#mustBeFresh.has(id)) await this.#load(this.#tests.get(id).file);
    prepare();
    try {
      return await this.#run(this.#tests.get(id));
    } finally {
      restore();
    }
  }

  async #run(test) {
    const started = now();
    const error = await runTest(test, TIMEOUT_MS + 20 * test.tookMs);
    if (error === undefined) test.tookMs = now() - started;
    return error;
  }

  async #loadAll(testFiles) {
    const wanted =
      testFiles?.length > 0 ? testFiles.map((file) => relative('.', file)) : globSync(TEST_FILES);
    for (const file of wanted.sort()) await this.#load(file);
    if (!existsSync(TIMES_FILE)) return;
    for (const [id, isSkipped, tookMs] of JSON.parse(readFileSync(TIMES_FILE, 'utf8')))
      if (this.#tests.has(id)) Object.assign(this.#tests.get(id), { isSkipped, tookMs });
  }

  async #load(file) {
    const started = now();
    const url = pathToFileURL(resolve(file)).href;
    const tests = await collect(file, () => import(`${url}?load=${this.#loads++}`));
    for (const [id, test] of tests) {
      const { isSkipped, tookMs = 0 } = this.#tests.get(id) ?? test;
      this.#tests.set(id, { ...test, file, isSkipped, tookMs });
    }
    // The first time its imports are loaded, too.
    this.#loadMs.set(file, this.#loadMs.has(file) ? now() - started : 0);
  }
}

export const strykerPlugins = [
  { kind: 'TestRunner', name: 'in-process', factory: () => new InProcessRunner() },
  { kind: 'Reporter', name: 'progress-by-file', factory: () => new ProgressReporter() },
];
