// The library's declarations, made smaller after TypeScript wrote them: only what users can reach, comments only where a name
// can be imported, and once for ES modules and CommonJS where both read the same.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** As TypeScript writes it; `names` are undefined where all are meant. */
const FROM = /(?:import|export)(?: type)? (?:\{([^}]*)\}|[^'"{}]*?) from '([^']+)';\n?/g;
const INLINE = /import\(["']([^"']+)["']\)/g;
const COMMENT = /[ \t]*\/\*\*[\s\S]*?\*\/\n/g;
/** Declarations import nothing but types. */
const IMPORT = /^import (?:type )?\{[^}]*\}/gm;

/**
 * @param {string} dist the folder that holds the declarations of ES modules
 * @param {string} cjs the folder below it for those of CommonJS, which TypeScript tells by `"type": "commonjs"`
 * @param {readonly string[]} doors the files of `dist` that users import
 */
export function writeDeclarations(dist, cjs, doors) {
  const files = new Map();
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const file = join(dist, name);
    if (!name.endsWith('.d.ts') || file.startsWith(cjs)) continue;
    files.set(file, asPrograms(readFileSync(file, 'utf8')));
    rmSync(file);
  }
  const kept = reach(files, doors);
  // A room's index.ts takes each public name from the file that declares it.
  const named = new Map(doors.map((door) => [door, ['*']]));
  for (const { target, names } of doors.flatMap((door) => importsOf(kept, door)))
    named.set(target, [...(named.get(target) ?? []), ...names]);
  const bound = needPackages(kept);
  for (const [file, text] of kept) {
    const small = withCommentsOf(named.get(file) ?? [], text)
      .replace(/^(?: {4})+/gm, (indent) => '\t'.repeat(indent.length / 4))
      .replace(IMPORT, (names) => names.replace(/\btype /g, ''));
    const twin = join(cjs, relative(dist, file));
    mkdirSync(dirname(twin), { recursive: true });
    writeFileSync(twin, small);
    // An ES module may import what is declared for CommonJS. Not so a file that names a package: it may mean two.
    if (doors.includes(file) || bound.has(file)) writeFileSync(file, toSharedFiles(file, small));
  }

  function toSharedFiles(file, text) {
    const shared = (path) => {
      if (!path.startsWith('.')) return path;
      const target = resolve(file, path);
      if (doors.includes(target) || bound.has(target)) return path;
      const way = relative(dirname(file), join(cjs, relative(dist, target)));
      return `${way.startsWith('.') ? '' : './'}${way}`.replace(/\.d\.ts$/, path.slice(-3));
    };
    return text
      .replace(FROM, (all, _names, path) => all.replace(`'${path}'`, `'${shared(path)}'`))
      .replace(INLINE, (_all, path) => `import('${shared(path)}')`);
  }
}

/** A declaration at the top level with the comment before it. */
const DECLARATION =
  /^(?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const) (\w+)[\s\S]*?(?=^(?:\/\*\*|export|declare|interface|type|import)|(?![\s\S]))/gm;

/** Keeps comments of public names, and of interfaces: an editor shows those of their members, whoever extends them. */
function withCommentsOf(names, text) {
  if (names.includes('*')) return text;
  return text.replace(DECLARATION, (all, name) =>
    names.includes(name) || /^export interface/m.test(all) ? all : all.replace(COMMENT, ''),
  );
}

/** Sources name one another as `./x.ts`, which TypeScript 4 finds in no declaration; what is called `./x.js` every version finds. */
function asPrograms(text) {
  const named = (all, path) => (path.startsWith('.') ? all.replace(path, path.replace(/\.ts$/, '.js')) : all);
  return text
    .replace(FROM, (all, _names, path) => named(all, path))
    .replace(INLINE, (all, path) => named(all, path));
}

/** The files that `doors` lead to. One that only passes names on keeps those that somebody takes from it. */
function reach(files, doors) {
  const wanted = new Map();
  const visit = (file, names) => {
    const before = wanted.get(file) ?? new Set();
    const fresh = names.filter((name) => !before.has(name));
    wanted.set(file, new Set([...before, ...fresh]));
    if (fresh.length === 0) return;
    for (const { target, names: passed } of importsOf(files, file)) {
      const taken = doors.includes(file) || !passesOn(files.get(file));
      visit(target, taken ? passed : passed.filter((name) => fresh.includes(name) || fresh.includes('*')));
    }
  };
  for (const door of doors) visit(door, ['*']);
  const reached = [...wanted].filter(([, names]) => names.size > 0);
  return new Map(
    reached.map(([file, names]) => {
      const text = files.get(file);
      if (doors.includes(file) || names.has('*') || !passesOn(text)) return [file, text];
      return [file, onlyNames(text, names)];
    }),
  );
}

const PASSED_ON = /^export (?:type )?\{[^}]*\} from '[^']+';\n?/gm;

function passesOn(text) {
  return text.replace(COMMENT, '').replace(PASSED_ON, '').trim() === '';
}

function onlyNames(text, names) {
  return text.replace(FROM, (all, list) => {
    const left = list.split(',').filter((item) => names.has(nameOf(item)));
    return left.length === 0 ? '' : all.replace(list, `${left.join(',')} `);
  });
}

/** `type A as B` is imported, and passed on, as B here: the rooms do not rename what they pass on but for `default`. */
function nameOf(item) {
  return item
    .trim()
    .replace(/^type /, '')
    .replace(/ as .*$/, '');
}

function importsOf(files, file) {
  const text = files.get(file);
  const found = [
    ...[...text.matchAll(FROM)].map(([, list, path]) => ({
      path,
      names: list === undefined ? ['*'] : list.split(',').map(nameOf).filter(Boolean),
    })),
    ...[...text.matchAll(INLINE)].map(([, path]) => ({ path, names: ['*'] })),
  ];
  return found
    .filter(({ path }) => path.startsWith('.'))
    .map(({ path, names }) => ({ target: resolve(file, path), names }));
}

/** Files that name a package, themselves or by what they import. */
function needPackages(files) {
  const bound = new Set(
    [...files.keys()].filter((file) =>
      [...files.get(file).matchAll(FROM), ...files.get(file).matchAll(INLINE)]
        .map((match) => match.at(-1))
        .some((path) => !path.startsWith('.') && !path.startsWith('node:')),
    ),
  );
  for (let size = -1; size !== bound.size; ) {
    size = bound.size;
    for (const file of files.keys())
      if (importsOf(files, file).some(({ target }) => bound.has(target))) bound.add(file);
  }
  return bound;
}

function resolve(file, path) {
  return join(dirname(file), path.replace(/\.[jt]s$/, '.d.ts'));
}
