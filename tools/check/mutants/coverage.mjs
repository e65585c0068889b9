// Which test files run a place of a source, as V8 counted it. Types become blanks, so its offsets are those of the source.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** They need another program, or build and install first, or look at what is built alone. */
const LEFT_OUT =
  /node_modules|^test\/(?:keycloak|containers|browser|deploy|shipped|create|docs|cost|builds|runtimes|adapters\/mounted|server\/start-files)/;
const SOURCE = /^packages\//;
/** A copy has files of its own: `dist` is not the repository's. */
const LOADED = /^(?:packages\/\w+\/src|test\/[\w-]+|examples|lab|tools)\//;

/** For a program that a test starts: the test may kill it, and then it would not write down what it ran. */
export const SNAPSHOTS = `if (process.env.NODE_V8_COVERAGE)
  setInterval((await import('node:v8')).takeCoverage, 300).unref();
`;

/**
 * @param {string} root of the repository
 * @param {ReadonlySet<string>} sources whose places are looked for; of others, what ran in them may have changed
 */
export function createCoverage(root, sources) {
  const cache = join(root, 'node_modules/.cache/mutants');
  const pathOf = (test) => join(cache, `${test.replaceAll('/', '+')}.json`);
  /** Of a test file: its seconds, whether it passes, the digest of each file it loads, and the parts of each source that ran. */
  const records = new Map();
  const digests = new Map();
  mkdirSync(cache, { recursive: true });
  for (const folder of ['test', 'examples'])
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      const test = join(folder, file);
      if (test.endsWith('.test.ts') && !LEFT_OUT.test(test)) records.set(test, readRecord(test));
    }

  function readRecord(test) {
    try {
      const record = JSON.parse(readFileSync(pathOf(test), 'utf8'));
      const matters = Object.entries(record.loaded).filter(
        ([file]) => sources.has(file) || !SOURCE.test(file),
      );
      if (matters.every(([file, digest]) => digestOf(root, file) === digest)) return record;
    } catch {
      // It did not run yet, or a file that it loads is no more.
    }
    return undefined;
  }

  function digestOf(folder, file) {
    const path = join(folder, file);
    if (!digests.has(path)) digests.set(path, createHash('sha1').update(readFileSync(path)).digest('base64'));
    return digests.get(path);
  }

  return {
    /** Test files that did not run yet, or load tests or one of the sources that have changed since. */
    unknown: () => [...records.keys()].filter((test) => records.get(test) === undefined),

    /** Keeps what a run of a test file wrote into `folder`, and deletes it. */
    keep(test, { folder, copy, seconds, isGood }) {
      const [loaded, parts] = [{}, {}];
      for (const report of readdirSync(folder))
        for (const { url, functions } of JSON.parse(readFileSync(join(folder, report), 'utf8')).result) {
          const file = url.startsWith('file:') ? relative(copy, fileURLToPath(url)) : '';
          if (!LOADED.test(file)) continue;
          loaded[file] ??= digestOf(copy, file);
          if (SOURCE.test(file)) parts[file] = union([...(parts[file] ?? []), ...executed(functions)]);
        }
      rmSync(folder, { recursive: true });
      records.set(test, { seconds, isGood, loaded, parts });
      writeFileSync(pathOf(test), JSON.stringify(records.get(test)));
    },

    /** Test files that fail without a mutant. */
    red: () => [...records.keys()].filter((test) => !records.get(test).isGood),

    /** What test files took. */
    secondsOf: (tests) => tests.reduce((sum, test) => sum + records.get(test).seconds, 0),

    /**
     * Test files that run the place of a mutant: first those that import its file by its path, whose tests are about it, then those
     * that run much of it in little time.
     */
    testsOf({ file, start }) {
      const secondsForOne = new Map();
      for (const [test, { parts, seconds, isGood }] of records) {
        const ran = parts[file] ?? [];
        if (!isGood || !ran.some(([from, to]) => from <= start && start < to)) continue;
        const own = readFileSync(join(root, test), 'utf8').includes(file) ? 1e-6 : 1;
        secondsForOne.set(test, (own * seconds) / ran.reduce((sum, [from, to]) => sum + to - from, 0));
      }
      return [...secondsForOne.keys()].sort((a, b) => secondsForOne.get(a) - secondsForOne.get(b));
    },
  };
}

/** Of the ranges around a place, the smallest one says whether it ran. */
function executed(functions) {
  const ranges = functions.flatMap((one) => one.ranges);
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const [parts, open] = [[], []];
  let at = 0;
  const goOnTo = (end) => {
    if (end > at && open.at(-1)?.count > 0) parts.push([at, end]);
    at = Math.max(at, end);
  };
  for (const range of [...ranges, { startOffset: Infinity }]) {
    while (open.at(-1)?.endOffset <= range.startOffset) {
      goOnTo(open.at(-1).endOffset);
      open.pop();
    }
    goOnTo(range.startOffset);
    open.push(range);
  }
  return parts;
}

/** @param {[number, number][]} parts */
function union(parts) {
  const merged = [];
  for (const [from, to] of parts.sort(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
