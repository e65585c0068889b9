import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Bytes in use after one collection of garbage, which takes up to half a second in a process of many test files. */
export function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  performance.clearResourceTimings(); // fetch keeps the addresses of the last 250 requests
  collect ??= runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

/** What is kept since then. Where that is too much it is looked at again: some garbage goes with a second collection. */
export function keptSince(before: number, most: number, look = heapInUse): number {
  let kept = look() - before;
  for (let again = 0; again < 3 && kept >= most; again++) kept = look() - before;
  return kept;
}
