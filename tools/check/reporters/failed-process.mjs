// Loaded before each process of tests, as `failed-process.mjs?folder=…&limit=…`. The folder then holds a file for each process that
// failed or never ended, and `<process id>.spent` for each that ended. The events of a run do not tell: they name the file in which
// a test stands, and tests of a contract stand in one that runs none by itself.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/** A process that waited for so long, and for no other process, waits for ever. Unit: milliseconds. */
const STUCK_MS = 45_000;
/** Threads of its own may work while the event loop waits: they make keys, or are workers. Even on a busy machine they get this much. */
const WORKS_MS = 500;
/** Before the process is ended from outside, which names no test. */
const AHEAD_MS = 10_000;

/** Names of the tests that began and did not end. */
const underWay = new Set();

if (process.env.NODE_TEST_CONTEXT !== undefined && isMainThread) {
  const { afterEach, beforeEach } = await import('node:test');
  beforeEach(({ name }) => void underWay.add(name));
  afterEach(({ name }) => void underWay.delete(name));
  const { searchParams } = new URL(import.meta.url);
  const mark = join(searchParams.get('folder'), String(process.pid));
  writeFileSync(mark, process.argv[1]);
  process.on('exit', (code) => {
    const spent = {
      path: process.argv[1],
      processorSeconds: processorSeconds(),
      idleSeconds: idleMs() / 1000,
    };
    writeFileSync(`${mark}.spent`, JSON.stringify(spent));
    if (code === 0) rmSync(mark);
  });
  endWhenStuck();
  setTimeout(() => end('The time is nearly up'), Number(searchParams.get('limit')) - AHEAD_MS).unref();
}

/** Of this process, and on Linux of those that it started and that ended. */
function processorSeconds() {
  const { user, system } = process.cpuUsage();
  let ticks = 0;
  try {
    // proc(5): cutime and cstime, after the name in brackets.
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ');
    ticks = Number(fields[13]) + Number(fields[14]);
  } catch {
    // Another system.
  }
  return (user + system) / 1e6 + ticks / 100;
}

function idleMs() {
  return performance.eventLoopUtilization().idle;
}

/** Of all threads of this process. */
function workedMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A test that never ends, for it broke before it closed what it opened, is red within seconds and names what is open. */
function endWhenStuck() {
  const looks = [];
  const look = setInterval(() => {
    const now = { idle: idleMs(), worked: workedMs() };
    looks.push(now);
    if (looks.length <= 10) return;
    const before = looks.shift();
    if (now.idle - before.idle < 0.95 * STUCK_MS || now.worked - before.worked > WORKS_MS) return;
    if (!process.getActiveResourcesInfo().includes('ProcessWrap')) end('Nothing happens any more');
  }, STUCK_MS / 10);
  look.unref();
}

function end(why) {
  const [tests, open] = [[...underWay].join(', '), process.getActiveResourcesInfo().join(', ')];
  process.stderr.write(`${why}, and a test did not end: ${tests}. Open: ${open}\n`);
  process.exit(1);
}
