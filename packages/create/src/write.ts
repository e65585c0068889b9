import { existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whether the folder is empty. A repository without files counts as empty. */
export function isEmpty(folder: string): boolean {
  return !existsSync(folder) || readdirSync(folder).every((name) => name === '.git');
}

/**
 * Writes all files, or none if one would go through a link, which may lead out of the folder. A `.env` that is there stays: it
 * holds somebody's secrets.
 *
 * @throws {Error}
 */
export function write(folder: string, files: ReadonlyMap<string, string | Uint8Array>): void {
  const toWrite = [...files].filter(([path]) => path !== '.env' || !existsSync(join(folder, path)));
  for (const [path] of toWrite) assertNoLink(folder, path);
  for (const [path, content] of toWrite) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: SECRET.test(path) ? 0o600 : 0o644 });
  }
}

/** Files with secrets, readable by their owner alone. */
const SECRET = /^(\.env|realm\.json)$/;

function assertNoLink(folder: string, path: string): void {
  let at = folder;
  for (const part of path.split('/')) {
    at = join(at, part);
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new Error(`${at} is a link, and nothing was made: remove it first`);
  }
}
