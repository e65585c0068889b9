import { readdirSync } from 'node:fs';
import type { Attack } from './attack.ts';

const folder = new URL('cases/', import.meta.url);

/** Every file of `cases/`, by name. */
export async function loadAttacks(): Promise<(Attack & { readonly file: string })[]> {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .sort();
  return Promise.all(
    files.map(async (file) => ({
      file,
      ...((await import(new URL(file, folder).href)) as { default: Attack }).default,
    })),
  );
}
