import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { readProject } from '../../../packages/cli/src/source/project.ts';
import { type Analysis, analyse } from '../../../packages/connect/src/migrate/analyse.ts';
import { runProgram } from '../../cli/support/program.ts';

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

export async function runCli(args: string[], env: Readonly<Record<string, string>> = {}) {
  const program = runProgram(args, env);
  const code = await program.ended;
  await rm(program.folder, { recursive: true });
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}
