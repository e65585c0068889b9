import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../repo/source-imports.ts';

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/**
 * Checks programs as users have them checked: by the declarations that were built, which takes half as long as by the sources. In one
 * thread: each of several would look at the same declarations.
 *
 * @param folder below `node_modules/.cache`
 * @throws Error where TypeScript finds a mistake
 */
export function checkTypes(folder: string, files: readonly string[]): void {
  const tsconfig = join(folder, 'tsconfig.json');
  const compilerOptions = { customConditions: [] };
  writeFileSync(
    tsconfig,
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: [], files }),
  );
  execFileSync(process.execPath, [TSC, '--singleThreaded', '-p', tsconfig], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
}
