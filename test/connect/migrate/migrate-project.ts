import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readProject } from '../../../packages/cli/src/source/project.ts';
import { type Analysis, analyse } from '../../../packages/connect/src/migrate/analyse.ts';
import { runInProcess } from '../../cli/support/in-process.ts';

const MAIN = fileURLToPath(new URL('../../../packages/connect/src/migrate/main.ts', import.meta.url));

/** A folder with these files, removed with the test. */
export async function projectOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'keycloak-guard-migrate-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  return folder;
}

export const look = async (folder: string): Promise<Analysis> => analyse(await readProject(folder, () => {}));

/** The program of the package, in this process: that `keycloak-guard migrate` starts it is a test of the command line. */
export const runCli = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runInProcess(args, env, undefined, '', MAIN);
