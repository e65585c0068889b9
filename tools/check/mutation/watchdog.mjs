// Ends the process of tests when a mutant never returns: a thread of its own sees that, for the others stand still. Stryker
// starts another process and tries once more; that one finds the mutant in HUNG_FILE, and says so at once.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

/** On a busy machine a test may stand still for long. */
const PATIENCE_MS = 20_000;
const BEAT_MS = 500;
/** In the folder that Stryker makes for the run, which is the current one. */
const HUNG_FILE = 'mutants-that-hung.txt';
/** Places in the memory that both threads see. */
const [BEATS, MUTANT] = [0, 1];

/** @returns {(mutant: string) => void} to be told which mutant is tried */
export function startWatchdog() {
  const seen = new Int32Array(new SharedArrayBuffer(8));
  new Worker(new URL(import.meta.url), { workerData: seen, execArgv: [] }).unref();
  setInterval(() => Atomics.add(seen, BEATS, 1), BEAT_MS).unref();
  return (mutant) => Atomics.store(seen, MUTANT, Number(mutant));
}

/** @param {string} mutant */
export function hasHung(mutant) {
  return existsSync(HUNG_FILE) && readFileSync(HUNG_FILE, 'utf8').split('\n').includes(mutant);
}

if (!isMainThread) {
  let before = 0;
  setInterval(() => {
    const beats = Atomics.load(workerData, BEATS);
    const mutant = Atomics.load(workerData, MUTANT);
    if (beats === before && mutant !== 0) {
      appendFileSync(HUNG_FILE, `${mutant}\n`);
      process.kill(process.pid, 'SIGKILL');
    }
    before = beats;
  }, PATIENCE_MS);
}
