// Runs tests for Stryker, all in one process: a mutant costs the tests that reach its line, and no start of a process.
//
// A test that fails with a mutant is run once more without it. One that then fails too can run but once in a process: its file
// is loaded anew for it, from then on.
import { globSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { collect, end, runTest } from './node-test.mjs';

const TEST_FILES = ['test/core/*.test.ts', 'test/events/*.test.ts', 'test/attacks/attacks.test.ts'];
const SHIM = new URL('node-test.mjs', import.meta.url).href;
/** For a test, beside ten times what it took the last time. On a busy machine it may take long. */
const TIMEOUT_MS = 10_000;
const [SUCCESS, , SKIPPED] = [0, 1, 2];

class InProcessRunner {
  #tests = new Map();
  #mustBeFresh = new Set();
  #loads = 0;
  #kills = 0;

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
    // A request that a test gave up, or that a mutant left behind, ends no process.
    process.on('unhandledRejection', () => {}).on('uncaughtException', () => {});
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
      // One that needs what those before it left behind.
      if (error !== undefined) process.stderr.write(`Left out, it fails alone: ${test.id}\n  ${error}\n`);
      test.isSkipped = error !== undefined;
      if (test.isSkipped) delete globalThis.__stryker__.mutantCoverage?.perTest[test.id];
      tests.push({
        id: test.id,
        name: test.id,
        timeSpentMs: test.tookMs,
        status: test.isSkipped ? SKIPPED : SUCCESS,
      });
    }
    return { status: 'complete', tests, mutantCoverage: globalThis.__stryker__.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    if (this.#tests.size === 0) await this.#loadAll();
    const mutate = () =>
      Object.assign(globalThis.__stryker__, { activeMutant: activeMutant.id, hitCount: 0, hitLimit });
    const restore = () =>
      Object.assign(globalThis.__stryker__, { activeMutant: undefined, hitLimit: undefined });
    const tests = [...this.#tests.values()]
      .filter(({ id, isSkipped }) => !isSkipped && (testFilter === undefined || testFilter.includes(id)))
      // What killed the one before, which is of the same lines, kills this one too, most likely.
      .sort((a, b) => b.killedAt - a.killedAt || a.tookMs - b.tookMs);
    let ran = 0;
    for (const { id } of tests) {
      ran++;
      let error = await this.#try(id, mutate, restore);
      if (error !== undefined && (await this.#try(id, restore, restore)) !== undefined) {
        this.#mustBeFresh.add(this.#tests.get(id).file);
        error = await this.#try(id, mutate, restore);
        // Something of the process is broken: another takes over.
        if (error !== undefined && (await this.#try(id, restore, restore)) !== undefined) process.exit(1);
      }
      if (error === undefined) continue;
      this.#tests.get(id).killedAt = ++this.#kills;
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

  async #try(id, prepare, restore) {
    const { file } = this.#tests.get(id);
    if (this.#mustBeFresh.has(file)) await this.#load(file);
    prepare();
    try {
      return await this.#run(this.#tests.get(id));
    } finally {
      restore();
    }
  }

  async #run(test) {
    const started = performance.now();
    const error = await runTest(test, TIMEOUT_MS + 10 * test.tookMs);
    if (error === undefined) test.tookMs = performance.now() - started;
    return error;
  }

  async #loadAll(testFiles) {
    const wanted =
      testFiles?.length > 0 ? testFiles.map((file) => relative('.', file)) : globSync(TEST_FILES);
    for (const file of wanted.sort()) await this.#load(file);
  }

  async #load(file) {
    const url = pathToFileURL(resolve(file)).href;
    const tests = await collect(file, () => import(`${url}?load=${this.#loads++}`));
    for (const [id, test] of tests) {
      const { killedAt = 0, tookMs = 0 } = this.#tests.get(id) ?? {};
      this.#tests.set(id, { ...test, file, killedAt, tookMs });
    }
  }
}

export const strykerPlugins = [
  { kind: 'TestRunner', name: 'in-process', factory: () => new InProcessRunner() },
];
