import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { readTap, type TapResult } from './tap.ts';

/** For a file of the suite; one of them waits for three minutes. */
const TIMEOUT_MS = 300_000;
/** After its last test: the original leaves answers unread, whose connections keep the process from ending. */
const LINGER_MS = 4_000;

/** Runs one file of the suite in its folder. */
export function runSpec(folder: string, spec: string): Promise<TapResult & { readonly stderr: string }> {
  const child = spawn(process.execPath, [`test/${spec}.js`], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      USER: process.env.USER ?? 'tester',
      PLAYWRIGHT: createRequire(import.meta.url).resolve('playwright-core'),
    },
  });
  const timer = setTimeout(() => child.kill(), TIMEOUT_MS);
  let [stdout, stderr, isOver] = ['', '', false];
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    if (isOver || !/^# teardown$/m.test(stdout)) return;
    isOver = true;
    setTimeout(() => child.kill(), LINGER_MS).unref();
  });
  return new Promise((resolve) => {
    child.once('close', () => {
      clearTimeout(timer);
      resolve({ ...readTap(stdout, isOver || /^1\.\.\d+$/m.test(stdout)), stderr });
    });
  });
}
