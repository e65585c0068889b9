import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whether nobody has put anything there. A repository without files counts as empty. */
export function isEmpty(folder: string): boolean {
  return !existsSync(folder) || readdirSync(folder).every((name) => name === '.git');
}

/** Writes all files. A `.env` that is there stays: it holds somebody's secrets. */
export function write(folder: string, files: ReadonlyMap<string, string | Uint8Array>): void {
  for (const [path, content] of files) {
    const file = join(folder, path);
    if (path === '.env' && existsSync(file)) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode: path === '.env' ? 0o600 : 0o644 });
  }
}
