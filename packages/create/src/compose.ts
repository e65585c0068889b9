import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Choice, toWords } from './choice.ts';
import { fill } from './fill.ts';
import { frameworkOf } from './frameworks.ts';
import { programOf, toManifest } from './manifest.ts';

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
  const { layers, what } = frameworkOf(choice.framework);
  const found = new Map<string, string>();
  for (const layer of ['base', ...layers.flatMap((one) => [one, `${one}-${choice.login}`])])
    for (const [path, text] of readLayer(join(sources.templates, choice.language, layer)))
      if (isWanted(path, choice)) found.set(path, text);
  const values = new Map<string, () => string>([
    ['what', () => what],
    ['client-id', () => (choice.framework === 'mcp' ? `http://localhost:${PORT}/mcp` : choice.name)],
    ['program', () => programOf(choice)],
    ['client-secret', () => sources.random(24)],
    ['password', () => sources.random(12)],
    ['session-secret', () => sources.random(32)],
  ]);
  const complete = (path: string, text: string): string =>
    fill(text, words)
      .replaceAll('my-app', choice.name)
      .replace(/\{\{([\w-]+)\}\}/g, (_all, name: string) => {
        const value = values.get(name);
        if (value === undefined) throw new Error(`${path}: nothing is called ${name}`);
        return value();
      });
  const files = [...found].map(([path, text]) => [path, complete(path, text)] as const);
  return new Map([['package.json', toManifest(choice, sources.own)], ...files]);
}

function isWanted(path: string, { docker, tests }: Choice): boolean {
  if (path.startsWith('test/')) return tests;
  return docker || !/^(Dockerfile|\.dockerignore)$/.test(path);
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
