import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../settings/usage-error.ts';
import { archiveIn } from './manifests.ts';
import { REPLACING_PACKAGE } from './packages.ts';

/** The commands that install what a `package.json` says. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

const LOCKS: Readonly<Record<string, PackageManager>> = {
  ...{ 'pnpm-lock.yaml': 'pnpm', 'pnpm-workspace.yaml': 'pnpm', 'yarn.lock': 'yarn' },
  ...{ 'bun.lock': 'bun', 'bun.lockb': 'bun' },
};

/** By its lock file, in the folder or one above it. */
export function findPackageManager(folder: string): PackageManager {
  const found = Object.entries(LOCKS).find(([file]) => existsSync(join(folder, file)));
  if (found !== undefined) return found[1];
  const above = dirname(folder);
  return above === folder || existsSync(join(folder, 'package-lock.json'))
    ? 'npm'
    : findPackageManager(above);
}

/**
 * The archive of the library, for the packages are not on npm yet: no range of versions could be installed. In the folder that
 * is given, else where a `package.json` of the project names it.
 *
 * @throws {UsageError} if there is none
 */
export async function findArchive(
  folder: string,
  { given, version, manifests }: { given: string | undefined; version: string; manifests: Iterable<string> },
): Promise<string> {
  const name = `${REPLACING_PACKAGE}-${version}.tgz`;
  if (given !== undefined) {
    const path = resolve(given, name);
    if (existsSync(path)) return path;
    throw new UsageError([`--packages: ${given} lacks ${name}. In the clone, "npm run pack" makes it`]);
  }
  for (const file of manifests) {
    const path = archiveIn(await readFile(join(folder, file), 'utf8'));
    if (path !== undefined) return resolve(folder, dirname(file), path);
  }
  throw new UsageError([
    `--write needs --packages <folder>, where ${name} is: "npm run pack" of the clone makes it`,
  ]);
}

/** How the `package.json` names the archive. */
export const specOf = (archive: string, folder: string, manifest: string): string =>
  `file:${relative(join(folder, dirname(manifest)), archive)
    .split(sep)
    .join('/')}`;
