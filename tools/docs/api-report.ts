// What users can import, with its signatures: npm run docs [-- FOLDER OF A CHECKOUT [FOLDER TO WRITE TO]]
//
// One page for each import path, made of the declarations that `npm run build` wrote. The pages of this checkout stand in
// docs/api/, where a test holds them: what changes for users shows in a commit.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

type Entry = string | { readonly [condition: string]: Entry };

/** Pages by file name, of every package in `packages/` of a checkout; of an older one, of the package at its root. */
export function apiReports(root: string = ROOT): ReadonlyMap<string, string> {
  const packages = readdirSync(root).includes('packages')
    ? readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))
    : [root];
  return new Map(
    packages.flatMap((folder) => {
      const { name, exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        name: string;
        exports?: Record<string, Entry>;
      };
      return Object.entries(exports).flatMap(([path, entry]): [string, string][] => {
        const types = typesOf(entry);
        // For the packages of this repository, not for users.
        if (types === undefined || ['./unstable', './setting-names'].includes(path)) return [];
        const title = `${name}${path.slice(1)}`;
        const door = join(folder, types);
        const page = toPage(title, namesOf(door), addedTo(door));
        return [[`${title.replace('@', '').replaceAll('/', '.')}.md`, page]];
      });
    }),
  );
}

function typesOf(entry: Entry): string | undefined {
  // Beside the program, where nothing else is said.
  if (typeof entry === 'string') return entry.endsWith('.js') ? entry.replace(/js$/, 'd.ts') : undefined;
  const { types, import: imported } = entry;
  return typeof types === 'string' ? types : imported && typesOf(imported);
}

interface Named {
  readonly name: string;
  readonly declarations: readonly string[];
}

function toPage(title: string, names: readonly Named[], added: readonly string[]): string {
  const sorted = names.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const toBlock = (name: string, texts: readonly string[]): string => {
    if (texts.length === 0) throw new Error(`${title}: ${name} is declared nowhere`);
    return [`## ${name}`, '', '```typescript', ...texts, '```', ''].join('\n');
  };
  const blocks = [
    ...sorted.map(({ name, declarations }) => toBlock(name, declarations)),
    ...(added.length === 0 ? [] : [toBlock('Added to other modules', added)]),
  ];
  return [`# ${title}`, '', `${sorted.length} names. Written by \`npm run docs\`.`, '', ...blocks].join('\n');
}

/** What a file exports, with how it is declared, in whichever file that is. */
function namesOf(file: string): Named[] {
  const statements = statementsOf(file);
  return statements.flatMap((statement): Named[] => {
    const passedOn = /^export (?:type )?(\{[\s\S]*\}|\*)(?: from '([^']+)')?;$/.exec(statement);
    if (passedOn === null) {
      const name = /^export default/.test(statement) ? 'default' : nameOf(statement);
      return name !== undefined && statement.startsWith('export ')
        ? [{ name, declarations: declarationsOf(file, name) }]
        : [];
    }
    const [, list = '', from] = passedOn;
    const source = from === undefined ? file : declarationFile(file, from);
    if (source === undefined) return [];
    if (list === '*') return namesOf(source).filter(({ name }) => name !== 'default');
    return [...list.matchAll(/(?:type )?(\w+)(?: as (\w+))?/g)].map(([, own = '', name = own]) => ({
      name,
      declarations: find(source, own),
    }));
  });
}

function find(file: string, name: string): readonly string[] {
  const own = declarationsOf(file, name);
  if (own.length > 0) return own;
  return namesOf(file).find((one) => one.name === name)?.declarations ?? [];
}

/** What a door, and the files that it takes names from, add to the types of a framework. */
function addedTo(door: string): string[] {
  const files = [...readFileSync(door, 'utf8').matchAll(/ from '([^']+)'/g)].map(([, path = '']) =>
    declarationFile(door, path),
  );
  const own = [door, ...files]
    .filter((file) => file !== undefined)
    .filter((file) => !file.endsWith('/index.d.ts'));
  return [...new Set(own)].flatMap(statementsOf).filter((one) => /^declare (?:module|global)\b/.test(one));
}

const declarationsOf = (file: string, name: string): string[] =>
  [...new Set(statementsOf(file).filter((statement) => nameOf(statement) === name))].map(withoutPrivates);

function nameOf(statement: string): string | undefined {
  const declared =
    /^(?:export )?(?:default )?(?:declare )?(?:abstract )?(?:async )?(?:function|interface|type|const|let|class|enum) (\w+)/;
  return declared.exec(statement)?.[1];
}

const withoutPrivates = (statement: string): string =>
  statement.replace(/^\s+(?:private |#).*\n/gm, '').replace(/^export declare |^export |^declare /, '');

/** Without comments. What is nested is indented, and a statement ends where the next line is not. */
function statementsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8').replace(/^[ \t]*\/\*\*[\s\S]*?\*\/\n/gm, '');
  const statements: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('//')) continue;
    if (/^[\s})\]>|&]/.test(line) && statements.length > 0) statements.push(`${statements.pop()}\n${line}`);
    else statements.push(line);
  }
  return statements;
}

/** `undefined` for a package. */
function declarationFile(file: string, path: string): string | undefined {
  if (!path.startsWith('.')) return undefined;
  return join(dirname(file), path.replace(/\.[jt]s$/, '.d.ts'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = resolve(process.argv[3] ?? join(ROOT, 'docs/api'));
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const [name, page] of apiReports(process.argv[2] && resolve(process.argv[2])))
    writeFileSync(join(target, name), page);
}
