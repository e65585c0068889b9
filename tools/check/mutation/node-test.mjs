// Stands in for `node:test` while mutants are tried: it collects tests, and runs one of them as often as it is asked to, in one
// process. Holds what the tests of core use.
import { mock } from 'node:test';

const realSetTimeout = setTimeout;
const realClearTimeout = clearTimeout;

let suite;
/** @type {Function[]} */
const atEnd = [];
let collected = new Map();

/**
 * @param {string} name of the file, the first part of each test's id
 * @param {() => Promise<unknown>} load imports it
 * @returns {Promise<Map<string, object>>} its tests by their ids
 */
export async function collect(name, load) {
  collected = new Map();
  suite = newSuite(name);
  const { before, after } = suite;
  await load();
  for (const each of before) await each();
  atEnd.push(...after);
  return collected;
}

/** What files do after their last test. */
export async function end() {
  for (const each of atEnd.splice(0)) await each();
}

function newSuite(name, parent) {
  return { name, parent, before: [], after: [], beforeEach: [], afterEach: [] };
}

export function describe(name, ...rest) {
  suite = newSuite(`${suite.name} › ${name}`, suite);
  rest.find((one) => typeof one === 'function')?.();
  suite = suite.parent;
}

export function test(name, ...rest) {
  let id = `${suite.name} › ${name}`;
  while (collected.has(id)) id += ' (again)';
  const { skip = false } = rest.find((one) => typeof one === 'object') ?? {};
  const run = rest.find((one) => typeof one === 'function');
  collected.set(id, { id, suite, isSkipped: skip !== false || run === undefined, run });
}

const hook = (kind) => (run) => suite[kind].push(run);
export const before = hook('before');
export const after = hook('after');
export const beforeEach = hook('beforeEach');
export const afterEach = hook('afterEach');
export { describe as suite, mock, test as it };
export default test;

/**
 * @param {object} one a collected test
 * @param {number} timeoutMs
 * @returns {Promise<unknown>} what it failed with, or `undefined`
 */
export async function runTest(one, timeoutMs) {
  let timer;
  let onRejection;
  const trouble = new Promise((resolve) => {
    timer = realSetTimeout(() => resolve(new Error(`not done after ${timeoutMs} ms`)), timeoutMs);
    onRejection = (error) => resolve(error ?? new Error('rejected'));
    process.on('unhandledRejection', onRejection).on('uncaughtException', onRejection);
  });
  const own = new mock.constructor();
  const done = runWithHooks(one, own).then(
    () => undefined,
    (error) => error ?? new Error('failed'),
  );
  const outcome = await Promise.race([done, trouble]);
  realClearTimeout(timer);
  process.off('unhandledRejection', onRejection).off('uncaughtException', onRejection);
  // One that is not done has not put back what it replaced.
  for (const each of [own, mock]) each.reset();
  return outcome;
}

async function runWithHooks({ suite: innermost, run, id }, ownMock) {
  const suites = [];
  // Those of the file itself are for its first test and its last one.
  for (let at = innermost; at.parent !== undefined; at = at.parent) suites.unshift(at);
  const inner = [...suites].reverse();
  const afterwards = [];
  const t = {
    name: id,
    mock: ownMock,
    signal: new AbortController().signal,
    after: (then) => afterwards.unshift(then),
    diagnostic() {},
    skip() {},
    test: (_name, ...rest) => rest.find((each) => typeof each === 'function')(t),
  };
  try {
    for (const { before } of suites) for (const each of before) await each(t);
    try {
      for (const { beforeEach } of suites) for (const each of beforeEach) await each(t);
      await run(t);
    } finally {
      for (const each of afterwards) await each(t);
      for (const { afterEach } of inner) for (const each of afterEach) await each(t);
    }
  } finally {
    ownMock.reset();
    for (const { after } of inner) for (const each of after) await each(t);
  }
}
