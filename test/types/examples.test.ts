// Each `@example` in a doc comment of the library is compiled. What it uses of a reader's own program has to be declared in
// example-names.ts, what it uses of the library is imported from the room's own path.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../repo/source-imports.ts';
import { namesOf } from './example-names.ts';

const FOLDER = join(ROOT, `node_modules/.cache/examples-${process.pid}`);
after(() => rmSync(FOLDER, { recursive: true, force: true }));

/** A folder of sources, and the path that users import it from. */
interface Room {
  readonly name: string;
  readonly folder: string;
  readonly path: string;
}

const GUARD = join(ROOT, 'packages/guard/src');
const exported = Object.entries(
  JSON.parse(readFileSync(join(GUARD, '../package.json'), 'utf8')).exports as Record<string, unknown>,
);
const ROOMS: readonly Room[] = [
  ...exported.flatMap(([path, entry]) => {
    const source = (entry as { '@keycloak-guard/source'?: string })['@keycloak-guard/source'];
    const [, folder = '', name] = /^\.\/src\/((?:[\w-]+\/)?([\w-]+))\/index\.ts$/.exec(source ?? '') ?? [];
    return name === undefined
      ? []
      : [{ name, folder: join(GUARD, folder), path: `keycloak-guard${path.slice(1)}` }];
  }),
  { name: 'connect', folder: join(ROOT, 'packages/connect/src'), path: '@keycloak-guard/connect' },
  {
    name: 'connect-nest',
    folder: join(ROOT, 'packages/connect/src/nest'),
    path: '@keycloak-guard/connect/nest',
  },
  { name: 'testing', folder: join(ROOT, 'packages/testing/src'), path: '@keycloak-guard/testing' },
];

const DECLARED = /^export (?:const|function|class|interface|type) (\w+)/gm;

/** Names that users can import from a room. */
function publicNames({ folder }: Room): string[] {
  const text = readFileSync(join(folder, 'index.ts'), 'utf8');
  const lists = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = '']) =>
    list.split(','),
  );
  const whole = [...text.matchAll(/^export \* from '(\.\/.+)';$/gm)].flatMap(([, file = '']) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(DECLARED)].map(([, name = '']) => name),
  );
  return [...new Set([...lists, ...whole])]
    .map((one) =>
      one
        .trim()
        .replace(/^type /, '')
        .replace(/.* as /, ''),
    )
    .filter((one) => one !== '' && one !== 'default');
}

interface Example {
  readonly room: Room;
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

function examplesOf(room: Room): Example[] {
  const inner = ROOMS.filter(({ folder }) => folder.startsWith(`${room.folder}/`));
  const files = readdirSync(room.folder, { recursive: true, encoding: 'utf8' }).filter(
    (one) => one.endsWith('.ts') && !inner.some(({ folder }) => join(room.folder, one).startsWith(folder)),
  );
  return files.flatMap((file) => {
    const text = readFileSync(join(room.folder, file), 'utf8');
    return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(({ 0: comment, index }) => {
      const line = text.slice(0, index).split('\n').length;
      return codeIn(comment).map((code) => ({ room, file, line, code }));
    });
  });
}

function codeIn(comment: string): string[] {
  const lines = comment
    .slice('/**'.length, -'*/'.length)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''));
  const found: string[][] = [];
  let isInside = false;
  for (const line of lines) {
    if (line.startsWith('@')) isInside = line.startsWith('@example');
    if (line.startsWith('@example')) found.push([]);
    else if (isInside && !line.startsWith('```')) found.at(-1)?.push(line);
  }
  return found.map((code) => code.join('\n').trim()).filter((code) => code !== '');
}

const IMPORT = /^import [\s\S]*?;$/gm;

/** The example in an async function, behind the imports and declarations that it needs. */
function toProgram({ room, code }: Example): string {
  const imports = code.match(IMPORT) ?? [];
  const isUsed = (name: string) => new RegExp(`(?<!(?:^|[^.])\\.|[\\w'/-])${name}\\b(?!['/-])`).test(code);
  const isDeclared = (name: string) =>
    new RegExp(`(?:const|let|class|function) (?:\\{[^}=]*)?\\b${name}\\b`).test(code) ||
    imports.some((one) => new RegExp(`\\b${name}\\b`).test(one));
  const isFree = (name: string) => isUsed(name) && !isDeclared(name);
  const own = publicNames(room).filter(isFree);
  const declared = [...namesOf(room.name)].filter(([name]) => isFree(name) && !own.includes(name));
  const isModule = /^(?:export default|declare module)/m.test(code);
  const body = code.replace(IMPORT, '');
  return [
    ...imports,
    ...(own.length > 0 ? [`import { ${own.join(', ')} } from '${room.path}';`] : []),
    ...declared.map(([, declaration]) => declaration),
    'export {};',
    isModule
      ? body
      : `export async function example(): Promise<unknown> {\n${body.replace(/^export /gm, '')}\nreturn undefined;\n}`,
  ].join('\n');
}

/** @returns what the compiler says, with the places of the examples */
function compile(folder: string, examples: readonly Example[]): string {
  mkdirSync(folder, { recursive: true });
  const places = new Map<string, string>();
  for (const [index, example] of examples.entries()) {
    const name = `${example.room.name}-${basename(example.file, '.ts')}-${index}.ts`;
    places.set(name, `${example.room.name}/${example.file}:${example.line}`);
    writeFileSync(join(folder, name), toProgram(example));
  }
  const compilerOptions = {
    // By the declarations that were built, as users have them: it takes a third of the time.
    customConditions: [],
    experimentalDecorators: true,
    erasableSyntaxOnly: false,
    isolatedModules: false,
    verbatimModuleSyntax: false,
    noImplicitReturns: false,
    // What stands for a reader's program may have any type.
    noImplicitAny: false,
  };
  const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['*.ts'], exclude: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '--singleThreaded', '-p', folder], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return stdout.replace(/^.*[/\\]([\w-]+\.ts)\(\d+,\d+\)/gm, (_, file: string) => places.get(file) ?? file);
}

test('every @example in a doc comment of the library compiles', () => {
  const examples = ROOMS.flatMap(examplesOf);
  assert.ok(examples.length > 150, `${examples.length} were found`);
  // What adds to the library's types would do so for all the others.
  const isAdding = ({ code }: Example) => code.includes('declare module');
  const alone = examples.filter((one) => !isAdding(one));
  const [room] = ROOMS as [Room];
  // One that does not compile is told with its place, and alone.
  const wrong = { room, file: 'some.ts', line: 7, code: 'createVerifier({ serverUrl: 1 });' };
  assert.match(
    compile(join(FOLDER, 'examples'), [...alone, wrong]),
    /^core\/some\.ts:7: error TS2.*\n(?: .*\n)*$/,
  );
  assert.equal(compile(join(FOLDER, 'adding'), examples.filter(isAdding)), '');
});
