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
  return new Map(packages.flatMap(pagesOf));
}

function pagesOf(folder: string): [string, string][] {
  const { name, exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    exports?: Record<string, Entry>;
  };
  const doors = Object.entries(exports).flatMap(([path, entry]) => {
    const types = typesOf(entry);
    // For the packages of this repository, not for users.
    if (types === undefined || /^\.\/(?:unstable|run$|config$)/.test(path)) return [];
    const title = `${name}${path.slice(1)}`;
    const door = join(folder, types);
    return [{ title, door, page: pageName(title), names: namesOf(door) }];
  });
  /** The page that a declaration is found on; the shortest path has it first. */
  const pages = new Map<string, string>();
  for (const { title, names } of doors.toSorted((a, b) => a.title.length - b.title.length))
    for (const { place } of names) if (!pages.has(keyOf(place))) pages.set(keyOf(place), title);
  return doors.map(({ title, door, page, names }) => [page, toPage(title, names, addedTo(door), pages)]);
}

const pageName = (title: string): string => `${title.replace('@', '').replaceAll('/', '.')}.md`;

function typesOf(entry: Entry): string | undefined {
  // Beside the program, where nothing else is said.
  if (typeof entry === 'string') return entry.endsWith('.js') ? entry.replace(/js$/, 'd.ts') : undefined;
  const { types, import: imported } = entry;
  return typeof types === 'string' ? types : imported && typesOf(imported);
}

/** Where something is declared. */
interface Place {
  readonly file: string;
  readonly name: string;
}

interface Named {
  readonly name: string;
  readonly place: Place;
}

/** The build writes declarations twice, for both module systems. */
const keyOf = ({ file, name }: Place): string => `${file.replace('/dist/cjs/', '/dist/')} ${name}`;

function toPage(
  title: string,
  names: readonly Named[],
  added: readonly string[],
  pages: ReadonlyMap<string, string>,
): string {
  const toBlock = (name: string, texts: readonly string[], level = '##'): string => {
    if (texts.length === 0) throw new Error(`${title}: ${name} is declared nowhere`);
    return [`${level} ${name}`, '', '```typescript', ...texts, '```', ''].join('\n');
  };
  const blocks = sortByName(names).map(({ name, place }) => toBlock(name, declarationsOf(place)));
  if (added.length > 0) blocks.push(toBlock('Added to other modules', added));
  const used = usedBy(
    names.map(({ place }) => place),
    (place) => pages.has(keyOf(place)),
  );
  const elsewhere = used.filter(({ place }) => pages.has(keyOf(place)));
  const hidden = used.filter(({ place }) => !pages.has(keyOf(place)));
  const links = sortByName(elsewhere).map(({ name, place }) => {
    const other = pages.get(keyOf(place)) as string;
    return `- \`${name}\`: [${other}](${pageName(other)})`;
  });
  const more = [
    ...(links.length === 0 ? [] : [['## Of other import paths', '', ...links, ''].join('\n')]),
    ...(hidden.length === 0 ? [] : ['## Not exported', '', 'Types that the names above are made of.', '']),
    ...sortByName(hidden).map(({ name, place }) => toBlock(name, declarationsOf(place), '###')),
  ];
  const count = `${names.length} names. Written by \`npm run docs\`.`;
  return [`# ${title}`, '', count, '', ...blocks, ...more].join('\n');
}

const sortByName = (names: readonly Named[]): Named[] => names.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** The types of this package that declarations name, and that those of no other page name in turn. */
function usedBy(places: readonly Place[], isElsewhere: (place: Place) => boolean): Named[] {
  const known = new Map(places.map((place) => [keyOf(place), place]));
  const found: Named[] = [];
  const queue = [...places];
  for (let place = queue.pop(); place !== undefined; place = queue.pop()) {
    const { file } = place;
    const words = new Set(
      declarationsOf(place)
        .join('\n')
        .match(/(?<![.'"\w-])[A-Z]\w+/g),
    );
    for (const name of words) {
      const one = locate(file, name);
      if (one === undefined || known.has(keyOf(one))) continue;
      known.set(keyOf(one), one);
      found.push({ name: one.name, place: one });
      if (!isElsewhere(one)) queue.push(one);
    }
  }
  return found;
}

/** What a file exports, with where it is declared, in whichever file that is. */
function namesOf(file: string): Named[] {
  return statementsOf(file).flatMap((statement): Named[] => {
    const passedOn = readList(statement, 'export');
    if (passedOn === undefined) {
      const name = /^export default/.test(statement) ? 'default' : nameOf(statement);
      return name !== undefined && statement.startsWith('export ') ? [{ name, place: { file, name } }] : [];
    }
    const { list, from } = passedOn;
    const source = from === undefined ? file : declarationFile(file, from);
    if (source === undefined) return [];
    if (list === undefined) return namesOf(source).filter(({ name }) => name !== 'default');
    return list.flatMap(([own, name]) => {
      const place = locate(source, own);
      if (place === undefined) throw new Error(`${file}: ${own} is declared nowhere`);
      return [{ name, place }];
    });
  });
}

/** Where a name is declared that a file declares, imports or passes on; `undefined` for one of another package. */
function locate(file: string, name: string): Place | undefined {
  if (declarationsOf({ file, name }).length > 0) return { file, name };
  for (const statement of statementsOf(file)) {
    const { list, from } = readList(statement, 'import') ?? {};
    const [own] = list?.find(([, local]) => local === name) ?? [];
    const source = own === undefined || from === undefined ? undefined : declarationFile(file, from);
    if (source !== undefined) return locate(source, own as string);
  }
  return namesOf(file).find((one) => one.name === name)?.place;
}

/** The names of an import or export statement, theirs and ours; no list for all of them. */
function readList(statement: string, what: 'import' | 'export') {
  const pattern = /^(\w+) (?:type )?(?:\{([\s\S]*)\}|\*)(?: from '([^']+)')?;$/;
  const [, verb, list, from] = pattern.exec(statement) ?? [];
  if (verb !== what) return undefined;
  const names = list?.matchAll(/(?:type )?(\w+)(?: as (\w+))?/g);
  return { list: names && [...names].map(([, own = '', name = own]) => [own, name] as const), from };
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

const declarationsOf = ({ file, name }: Place): string[] =>
  [...new Set(statementsOf(file).filter((statement) => nameOf(statement) === name))].map(withoutPrivates);

function nameOf(statement: string): string | undefined {
  const declared =
    /^(?:export )?(?:default )?(?:declare )?(?:abstract )?(?:async )?(?:function|interface|type|const|let|class|enum) (\w+)/;
  return declared.exec(statement)?.[1];
}

const withoutPrivates = (statement: string): string =>
  statement.replace(/^\s+(?:private |#).*\n/gm, '').replace(/^export declare |^export |^declare /, '');

const read = new Map<string, readonly string[]>();

/** Without comments. What is nested is indented, and a statement ends where the next line is not. */
function statementsOf(file: string): readonly string[] {
  const known = read.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, 'utf8').replace(/^[ \t]*\/\*\*[\s\S]*?\*\/\n/gm, '');
  const statements: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('//')) continue;
    if (/^[\s})\]>|&]/.test(line) && statements.length > 0) statements.push(`${statements.pop()}\n${line}`);
    else statements.push(line);
  }
  read.set(file, statements);
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
