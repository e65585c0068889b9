import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const PACKAGES = join(ROOT, 'packages');

/** One import or re-export in the sources of a package. */
export interface SourceImport {
  /** Importing file, relative to `packages/`. */
  readonly file: string;
  readonly room: string;
  /** As written. */
  readonly specifier: string;
  /** Imported file relative to `packages/`; `undefined` for packages of others. */
  readonly target: string | undefined;
  /** Nothing is loaded for its sake. */
  readonly isTypeOnly: boolean;
  /** `import()`: loaded when the program gets there, not with the file. */
  readonly isDynamic: boolean;
}

/** Every TypeScript file below `packages/<name>/src/`, relative to `packages/`. */
export function sourceFiles(): string[] {
  return readdirSync(PACKAGES)
    .flatMap((name) =>
      readdirSync(join(PACKAGES, name, 'src'), { recursive: true, encoding: 'utf8' }).map(
        (file) => `${name}/src/${file.replaceAll('\\', '/')}`,
      ),
    )
    .filter((file) => file.endsWith('.ts'))
    .sort();
}

/** Every other TypeScript file of the repository, relative to `packages/` too. */
export function otherFiles(): string[] {
  return ['lab', 'test', 'tools', 'examples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => `../${folder}/${file.replaceAll('\\', '/')}`)
      .filter((file) => /\.m?ts$/.test(file) && !file.includes('/node_modules/'))
      .sort(),
  );
}

/** A folder of the library is a room, and so is each folder of `adapters/` and each other package. */
export function roomOf(file: string): string {
  const [name = '', , folder = '', inner = ''] = file.split('/');
  if (name === 'guard') return folder === 'adapters' ? inner : folder;
  return name;
}

/** Import paths of this repository's packages, with the file that each stands for. */
const OWN: ReadonlyMap<string, string> = new Map(
  readdirSync(PACKAGES).flatMap((name) => {
    const manifest = JSON.parse(readFileSync(join(PACKAGES, name, 'package.json'), 'utf8')) as {
      name: string;
      exports: Record<string, string | Record<string, string>>;
    };
    return Object.entries(manifest.exports).flatMap(([path, entry]) =>
      typeof entry === 'string'
        ? []
        : [[manifest.name + path.slice(1), posix.join(name, entry['@keycloak-guard/source'] ?? '')] as const],
    );
  }),
);

/** Every static and dynamic import, type imports too. Comments are left out: they hold examples. */
export function importsOf(file: string, text = readFileSync(join(PACKAGES, file), 'utf8')): SourceImport[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found = code.matchAll(
    /(?:^\s*((?:import|export)\b[^;'"`]*?)\bfrom\s*|^\s*import\s*|\bimport\(\s*)(["'])([^"'\n]+)\2/gm,
  );
  return [...found].map(([whole, clause = '', , specifier = '']) => ({
    file,
    room: roomOf(file),
    specifier,
    target: specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : OWN.get(specifier),
    isTypeOnly: /^(import|export)\s+type\b/.test(clause),
    isDynamic: whole.startsWith('import('),
  }));
}
