import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { prepare, TYPESCRIPT_OF_USERS } from '../../tools/run/typescript.mjs';

const START_MS = 30_000;
/** While a program starts, whoever asks takes the processor from it. */
const PAUSE_MS = 40;

/** Starts a program of a page, as a reader does, and waits until its addresses answer. @returns what ends it */
export async function startProgram(
  file: string,
  urls: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<() => Promise<void>> {
  await prepare(file);
  const child = spawn(process.execPath, [...TYPESCRIPT_OF_USERS, file], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  const isOver = AbortSignal.timeout(START_MS);
  const answers = (url: string) =>
    fetch(url, { signal: isOver }).then(
      () => true,
      () => false,
    );
  try {
    for (const url of urls)
      while (!(await answers(url))) {
        assert.equal(child.exitCode, null, `${file} ended`);
        assert.ok(!isOver.aborted, `${url} of ${file} does not answer`);
        await pause(PAUSE_MS);
      }
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
