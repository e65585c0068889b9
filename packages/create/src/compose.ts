import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { frameworkOf } from './frameworks.ts';
import { programOf, toManifest } from './manifest.ts';
import { type Choice, toWords } from './options.ts';

const MARK = /^\s*(?:\/\/|#|<!--)\s*#(if|else|endif)\b([\w -]*)(?:-->)?\s*$/;

/**
 * Keeps the chosen parts of a template: lines between `#if one another` and `#endif`, each in a comment of the file's language,
 * stay if one of the words is chosen.
 *
 * @throws {Error} if the marks do not match: a mistake in the template
 */
export function fill(text: string, words: ReadonlySet<string>): string {
  const open: { isKept: boolean }[] = [];
  const kept: string[] = [];
  for (const line of text.split('\n')) {
    const [, mark, list = ''] = MARK.exec(line) ?? [];
    const last = open.at(-1);
    if (mark === 'if')
      open.push({
        isKept: list
          .trim()
          .split(/\s+/)
          .some((word) => words.has(word)),
      });
    else if (mark !== undefined && last === undefined) throw new Error(`#${mark} without #if`);
    else if (mark === 'else' && last !== undefined) last.isKept = !last.isKept;
    else if (mark === 'endif') open.pop();
    else if (open.every(({ isKept }) => isKept)) kept.push(line);
  }
  if (open.length > 0) throw new Error('#if without #endif');
  // A removed part leaves its empty lines behind.
  return kept
    .join('\n')
    .replace(/^\n+/, '')
    .replace(/\n{3,}/g, '\n\n');
}

export interface Sources {
  /** The folder with the templates in both languages, `ts` and `js`. */
  readonly templates: string;
  /** The version of each package of this project, or `file:` and where its archive is. */
  own(name: string): string;
  /** A secret. @param bytes number of random bytes */
  random(bytes: number): string;
}

/** The address of an app in development. */
const PORT = 3000;

/** The content of each file, by its path in the new folder. */
export function compose(choice: Choice, sources: Sources): ReadonlyMap<string, string> {
  const words = toWords(choice, sources.own('keycloak-guard').startsWith('file:'));
  const { layers, sources: folder = 'src', what } = frameworkOf(choice.framework);
  const texts = new Map<string, string>();
  const own = layers.flatMap((one) => [one, `${one}-${choice.login}`]);
  for (const layer of ['base', ...own, ...(choice.deploy ?? [])])
    for (const [path, text] of readLayer(join(sources.templates, choice.language, layer)))
      texts.set(path.replace(/^src\//, `${folder}/`), text);
  const values = new Map<string, () => string>([
    ['what', () => what],
    ['client-id', () => (choice.framework === 'mcp' ? `http://localhost:${PORT}/mcp` : choice.name)],
    ['program', () => programOf(choice)],
    ['client-secret', () => sources.random(24)],
    ['password', () => sources.random(12)],
    ['session-secret', () => sources.random(32)],
    ['valkey-password', () => sources.random(32)],
    // For whether the process is alive, whatever Keycloak does.
    ['live-path', () => (choice.framework === 'service' ? '/health/live' : '/')],
  ]);
  const complete = (path: string, text: string): string =>
    fill(text, words)
      .replaceAll('my-app', choice.name)
      .replace(/\{\{([\w-]+)\}\}/g, (_all, name: string) => {
        const value = values.get(name);
        if (value === undefined) throw new Error(`${path}: nothing is called ${name}`);
        return value();
      });
  const files = [...texts].map(([path, text]) => [path, complete(path, text)] as const);
  return new Map([['package.json', toManifest(choice, sources.own)], ...files]);
}

/** npm leaves files with a dot at the beginning out of a package, or reads them itself. */
const toRealName = (path: string): string => path.replace(/^_/, '.');

/** Nothing for a missing layer: most frameworks have none for one way to sign in. */
function readLayer(folder: string): [path: string, text: string][] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const path = file.slice(folder.length + 1).replaceAll('\\', '/');
      return [toRealName(path), readFileSync(file, 'utf8')];
    });
}
