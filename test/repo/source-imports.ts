import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** One import or re-export in `src/`. */
export interface SourceImport {
  /** Importing file, relative to `src/`. */
  readonly file: string;
  /** First folder of it. */
  readonly room: string;
  /** As written. */
  readonly specifier: string;
  /** Imported file relative to `src/`; `undefined` for packages. */
  readonly target: string | undefined;
}

/** Every TypeScript file below `src/`, relative to it. */
export function sourceFiles(): string[] {
  return readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
}

/** Every static and dynamic import, type imports too. Comments are left out: they hold examples. */
export function importsOf(
  file: string,
  text = readFileSync(join(ROOT, 'src', file), 'utf8'),
): SourceImport[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found = code.matchAll(
    /(?:^\s*(?:import|export)\b[^;'"`]*?\bfrom\s*|^\s*import\s*|\bimport\(\s*)(["'])([^"'\n]+)\1/gm,
  );
  return [...found].map(([, , specifier = '']) => ({
    file,
    room: file.split('/')[0] ?? '',
    specifier,
    target: specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : undefined,
  }));
}
