import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../settings/usage-error.ts';

export const usage = `keycloak-guard migrate: from keycloak-connect or nest-keycloak-connect, step by step

It is the command of @keycloak-guard/connect, which a project depends on after the move, and has its arguments:

  npx @keycloak-guard/connect migrate --help
`;

/** Runs the program of the other package, where that is installed beside this one: never what lies in a folder to be examined. */
export async function run(args: string[]): Promise<number> {
  let program: string;
  try {
    program = programOf('@keycloak-guard/connect');
  } catch {
    throw new UsageError([
      'this is the command of @keycloak-guard/connect, which is not installed beside this one. Install it, or run: npx @keycloak-guard/connect migrate',
    ]);
  }
  const child = spawn(process.execPath, [...process.execArgv, program, 'migrate', ...args], {
    stdio: 'inherit',
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** The program of a package that is installed beside this one. @throws {Error} if it is not */
function programOf(name: string): string {
  const manifest = import.meta.resolve(`${name}/package.json`);
  const { bin } = JSON.parse(readFileSync(new URL(manifest), 'utf8')) as { bin: Record<string, string> };
  return fileURLToPath(new URL(Object.values(bin)[0] as string, manifest));
}
