import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RealmRepresentation } from '../../packages/testing/src/index.ts';
import { emptyFolder, MAIN, type Program, runCommand } from '../cli/support/program.ts';
import { freePort } from '../support/free-port.ts';

const LOOK_MS = 50;
/** A request that came before the program was ready for it may get no answer: the next one does. Unit: milliseconds. */
const PATIENCE_MS = 3_000;
/** A program that neither answers nor ends by then has failed. Unit: milliseconds. */
const LONGEST_MS = 60_000;

/** The embedded provider as a process of its own. */
export async function startProvider(realm: RealmRepresentation) {
  const folder = emptyFolder();
  const port = await freePort();
  writeFileSync(join(folder, 'realm.json'), JSON.stringify(realm));
  const command = [process.execPath, MAIN, 'dev', '--realm-file', 'realm.json', '--port', String(port)];
  const url = `http://localhost:${port}`;
  const program = runCommand(command, { folder });
  await whenAnswering(program, `${url}/realms/${realm.realm}`);
  return { url, stop: () => program.stop() };
}

/** The status with which a program answers first. @throws {Error} with all that it said if it ends, or answers nobody */
export async function whenAnswering(program: Program, url: string): Promise<number> {
  const isOver = AbortSignal.timeout(LONGEST_MS);
  let code: number | null | undefined;
  void program.ended.then((ended) => {
    code = ended;
  });
  while (!isOver.aborted && code === undefined) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => undefined);
    if (answer !== undefined) return answer.status;
    await sleep(LOOK_MS);
  }
  const why = code === undefined ? 'does not answer' : `ended with ${code} before it answered`;
  throw new Error(`It ${why}. It said:\n${program.stdout()}${program.stderr()}`);
}

/** A table, as the summary of the tests prints it. */
export const toTable = (rows: readonly (readonly string[])[]): string =>
  rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
