import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const FOLDER = new URL('../../node_modules/.cache/test-keys/', import.meta.url);

/** What one process of tests made, for all others and the next run: to make an RSA key takes longer than most tests. */
export function kept(name: string, make: () => string): string {
  const file = new URL(name, FOLDER);
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const made = make();
    const own = new URL(`${name}.${process.pid}`, FOLDER);
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(own, made, { mode: 0o600 });
    renameSync(own, file);
    return made;
  }
}
