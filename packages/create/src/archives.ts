import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OWN } from './manifest.ts';
import { UsageError } from './options.ts';

/** Where the archives are in the new folder. So it can be moved, and built in a container. */
const VENDOR = 'vendor';

/** Archives of the packages, as `npm run pack` makes them. @throws {UsageError} if one is missing */
export function findArchives(folder: string, version: string) {
  const files = new Map<string, string>();
  for (const name of OWN) files.set(name, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  const there = new Set(readNames(folder));
  const missing = [...files.values()].filter((file) => !there.has(file));
  if (missing.length > 0)
    throw new UsageError(
      `--packages: ${folder} lacks ${missing.join(', ')}. In the clone, "npm run pack" makes them`,
    );
  return {
    own: (name: string) => `file:${VENDOR}/${files.get(name)}`,
    files: () =>
      [...files.values()].map((file) => [`${VENDOR}/${file}`, readFileSync(join(folder, file))] as const),
  };
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    throw new UsageError(`--packages: there is no folder ${folder}`);
  }
}
