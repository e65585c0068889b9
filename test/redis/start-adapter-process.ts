import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { TYPESCRIPT_ANYWHERE } from '../../tools/run/typescript.mjs';
import { ROOT } from '../repo/source-imports.ts';
import type { Replica } from './adapter-process.ts';

const PROCESS = join(ROOT, 'test/redis/adapter-process.ts');

/** @returns the address of a replica in a process of its own */
export async function startProcess(t: TestContext, replica: Replica): Promise<string> {
  const child = fork(PROCESS, [JSON.stringify(replica)], {
    execArgv: [...TYPESCRIPT_ANYWHERE],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(() => assert.fail(`${replica.name} did not start`));
  t.after(() => {
    ended.catch(() => {});
    child.kill();
  });
  const [url] = (await Promise.race([once(child, 'message'), ended])) as [string];
  ended.catch(() => {});
  return url;
}
