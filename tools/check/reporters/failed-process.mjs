// Loaded before each process of tests, as `failed-process.mjs?<folder>`. The folder then holds a file for each process that
// failed or never ended, and `<process id>.seconds` for each that ended. The events of a run do not tell: they name the file in which a test stands, and tests of a contract
// stand in one that runs none by itself.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

if (process.env.NODE_TEST_CONTEXT !== undefined && isMainThread) {
  const mark = join(decodeURIComponent(new URL(import.meta.url).search.slice(1)), String(process.pid));
  writeFileSync(mark, process.argv[1]);
  process.on('exit', (code) => {
    const seconds = performance.now() / 1000;
    writeFileSync(
      `${mark}.seconds`,
      JSON.stringify({ path: process.argv[1], seconds, cpu: process.cpuUsage() }),
    );
    if (code === 0) rmSync(mark);
  });
}
