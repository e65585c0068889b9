import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SyntaxNode } from './syntax.ts';

export interface SourceFile {
  readonly file: string;
  readonly text: string;
  readonly program: SyntaxNode;
}

/** The files of a project. None of them is run. */
export interface Project {
  readonly sources: readonly SourceFile[];
  readonly manifests: ReadonlyMap<string, string>;
  /** `keycloak.json` and JSON files that may be one, by path. */
  readonly settings: ReadonlyMap<string, string>;
  /** Texts of the programs that do not mention Keycloak, by path. They are not parsed. */
  readonly others: ReadonlyMap<string, string>;
  /** Programs and JSON files that cannot be parsed. */
  readonly unread: readonly string[];
}

const LEFT_OUT = new Set(['node_modules', '.git', '.next', '.nuxt']);
/** Not sources where they are beside a `package.json`; elsewhere `vendor` may be a part of a shop. */
const MADE = new Set(['dist', 'build', 'coverage', 'out', 'vendor']);
const SOURCE = /\.[cm]?[jt]sx?$/;
/** Longer JSON files are data. Unit: bytes. */
const LONGEST_SETTINGS = 65_536;
/** Own guards and decorators of Nest use the keys of the package without its name. */
const MENTION = /keycloak|kauth|enforcer|checkSso|\.protect\(|SetMetadata|reflector/i;
/** Longer files are bundles, not sources: they are not read. Unit: bytes. */
const LONGEST = 1_000_000;

/**
 * @param onFile called with each file that is read
 * @param mention a word in the programs to parse
 */
export async function readProject(
  folder: string,
  onFile: (file: string) => void,
  mention = MENTION,
): Promise<Project> {
  const sources: SourceFile[] = [];
  const manifests = new Map<string, string>();
  const settings = new Map<string, string>();
  const others = new Map<string, string>();
  const unread: string[] = [];
  for await (const file of filesOf(folder, '')) {
    const name = file.slice(file.lastIndexOf('/') + 1);
    const isJson = name.endsWith('.json') && !/^package(-lock)?\.json$/.test(name);
    if (!SOURCE.test(name) && name !== 'package.json' && !isJson) continue;
    if ((await stat(join(folder, file))).size > (isJson ? LONGEST_SETTINGS : LONGEST)) continue;
    onFile(file);
    const text = await readFile(join(folder, file), 'utf8');
    const isSettings = isJson && (/keycloak/i.test(name) || text.includes('"auth-server-url"'));
    if (name === 'package.json') manifests.set(file, text);
    else if (isSettings && canParse(text)) settings.set(file, text);
    else if (isSettings) unread.push(file);
    else if (isJson) continue;
    // Parsing takes time, and most files have nothing to do with Keycloak.
    else if (!mention.test(text)) others.set(file, text);
    else {
      const { readProgram } = await import('./read-program.ts');
      const program = readProgram(text, file);
      if (program === undefined) unread.push(file);
      else sources.push({ file, text, program });
    }
  }
  return { sources, manifests, settings, others, unread };
}

function canParse(text: string): boolean {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return true;
  } catch {
    return false;
  }
}

/** Does not follow links, which may lead out of the project or in a circle. */
async function* filesOf(root: string, below: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  const isPackage = entries.some(({ name }) => name === 'package.json');
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    const isLeftOut = LEFT_OUT.has(entry.name) || (isPackage && MADE.has(entry.name));
    if (entry.isDirectory() && !isLeftOut) yield* filesOf(root, path);
    else if (entry.isFile()) yield path;
  }
}
