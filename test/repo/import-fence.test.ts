import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findCircles } from './circles.ts';
import { importsOf, otherFiles, ROOT, roomOf, sourceFiles } from './source-imports.ts';

interface Row {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
}

const listOf = (cell = ''): string[] =>
  cell
    .replace(/[\\`]|\(.*?\)/g, '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '' && item !== 'none');

/** The cells of each row of the tables below a heading of a document. */
function readRows(heading: string, document = 'ARCHITECTURE.md'): string[][] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  const rows = lines.filter((line, at) => !/^\|-/.test(line) && !lines[at + 1]?.startsWith('|-'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function readTable(): Map<string, Row> {
  return new Map(
    readRows('Who may import whom').map(([room = '', rooms, packages]) => [
      room,
      { rooms: listOf(rooms), packages: listOf(packages) },
    ]),
  );
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function isAllowedPackage(name: string, allowed: readonly string[]): boolean {
  return allowed.some((entry) =>
    entry.endsWith('/*') ? name.startsWith(entry.slice(0, -1)) : name === entry,
  );
}

describe('the table "Who may import whom" in ARCHITECTURE.md', () => {
  const table = readTable();
  const imports = sourceFiles().flatMap((file) => importsOf(file));

  test('has a row for every room', () => {
    const rooms = new Set(sourceFiles().map(roomOf));
    assert.deepEqual(
      [...rooms].filter((room) => !table.has(room)),
      [],
    );
  });

  test('holds for every import of another room, which is of its index.ts, internal.ts or options.ts alone; of another package, of what it exports', () => {
    const wrong = imports.filter(({ room, specifier, target }) => {
      if (target === undefined || roomOf(target) === room) return false;
      const isDoor = /\/(index|internal|options)\.ts$/.test(target) || !specifier.startsWith('.');
      return !isDoor || !table.get(room)?.rooms.includes(roomOf(target));
    });
    assert.deepEqual(
      wrong.map(({ file, specifier }) => `${file} imports ${specifier}`),
      [],
    );
    assert.ok(imports.some(({ room, target }) => room === 'server' && target === 'guard/src/core/index.ts'));
  });

  test('a package imports another by its name', () => {
    const wrong = imports.filter(
      ({ file, specifier, target }) =>
        target !== undefined &&
        specifier.startsWith('.') &&
        !target.startsWith(`${file.slice(0, file.indexOf('/'))}/src/`),
    );
    assert.deepEqual(
      wrong.map(({ file, specifier }) => `${file} imports ${specifier}`),
      [],
    );
  });

  test('holds for every import of a package', () => {
    const wrong = imports.filter(
      ({ room, specifier, target }) =>
        target === undefined &&
        !specifier.startsWith('node:') &&
        !isAllowedPackage(packageOf(specifier), table.get(room)?.packages ?? []),
    );
    assert.deepEqual(
      wrong.map(({ file, specifier }) => `${file} imports ${specifier}`),
      [],
    );
    assert.ok(imports.some(({ room, specifier }) => room === 'client' && specifier === 'oauth4webapi'));
  });

  test('lists no package that its room does not import', () => {
    const unused = [...table].flatMap(([room, { packages }]) =>
      packages
        .filter(
          (entry) =>
            !imports.some((one) => one.room === room && isAllowedPackage(packageOf(one.specifier), [entry])),
        )
        .map((entry) => `${room}: ${entry}`),
    );
    assert.deepEqual(unused, []);
  });

  test('has no cycle between rooms', () => {
    const isReachable = (from: string, to: string, seen = new Set<string>()): boolean =>
      (table.get(from)?.rooms ?? []).some(
        (next) => next === to || (!seen.has(next) && isReachable(next, to, seen.add(next))),
      );
    assert.deepEqual(
      [...table.keys()].filter((room) => isReachable(room, room)),
      [],
    );
  });

  test('no file imports itself by way of others, types and import() included', () => {
    const edges = new Map(
      [...sourceFiles(), ...otherFiles()].map(
        (file) => [file, importsOf(file).flatMap(({ target }) => target ?? [])] as const,
      ),
    );
    assert.deepEqual(findCircles(edges), []);
    assert.ok(
      edges.get('guard/src/session/record/renewal.ts')?.includes('guard/src/session/record/record.ts'),
    );
    assert.ok(edges.get('../lab/bench/main.ts')?.includes('../lab/bench/part-options.ts'));
  });

  test('a circle is found wherever it is, and what only meets again is none', () => {
    const edges = new Map([
      ['start', ['a', 'left', 'right']],
      ['left', ['end']],
      ['right', ['end', 'left']],
      ['a', ['b']],
      ['b', ['c', 'end']],
      ['c', ['a', 'd']],
      ['d', ['e', 'c']],
      ['e', []],
      ['one', ['two']],
      ['two', ['one', 'a']],
      ['self', ['self']],
    ]);
    assert.deepEqual(findCircles(edges), [['a', 'b', 'c', 'd'], ['one', 'two'], ['self']]);
  });

  test('an adapter loads nothing that the application may not use: of those rooms, the rules of their options alone', () => {
    const loadedBy = (file: string, loaded = new Set<string>()): Set<string> => {
      if (loaded.has(file)) return loaded;
      loaded.add(file);
      for (const { target, specifier, isTypeOnly, isDynamic } of importsOf(file)) {
        if (isTypeOnly || isDynamic) continue;
        if (target === undefined) loaded.add(specifier);
        else loadedBy(target, loaded);
      }
      return loaded;
    };
    const isLoadedLater = (file: string): boolean =>
      /src\/(session|client|authz|outgoing|limits|events|adapters\/engine\/parts)\/|oauth4webapi/.test(
        file,
      ) && !/\/(options|permit-rule|permission)\.ts$/.test(file);
    const adapters = ['express', 'fastify', 'fetch', 'hapi', 'hono', 'koa', 'node'];
    for (const room of ['core', ...adapters.map((name) => `adapters/${name}`)]) {
      assert.deepEqual([...loadedBy(`guard/src/${room}/index.ts`)].filter(isLoadedLater), [], room);
    }
    assert.ok([...loadedBy('guard/src/session/index.ts')].some(isLoadedLater));
    // It comes with a client's first call.
    for (const room of ['client', 'session'])
      assert.ok(!loadedBy(`guard/src/${room}/index.ts`).has('oauth4webapi'), room);
    assert.ok(loadedBy('guard/src/client/verbs.ts').has('oauth4webapi'));
  });

  test('the command line loads rooms only inside of its commands', () => {
    const entry = readFileSync(join(ROOT, 'packages/cli/src/main.ts'), 'utf8');
    const table = readFileSync(join(ROOT, 'packages/cli/src/commands.ts'), 'utf8');
    assert.doesNotMatch(`${entry}${table}`, /from '(@?keycloak-guard|\.\/admin)/);
  });

  test('only load-config.ts and the command line read the environment, keycloak.json, the provider to refuse production, and adapters to log refusals in development', () => {
    const readers = sourceFiles().filter((file) => {
      const text = readFileSync(join(ROOT, 'packages', file), 'utf8');
      return /\bprocess\??\.env\b/.test(text.replace(/\/\*[\s\S]*?\*\//g, ''));
    });
    assert.deepEqual(
      readers.filter((file) => file !== 'server/src/config/load-config.ts' && !file.startsWith('cli/')),
      [
        'connect/src/express/config.ts',
        'connect/src/migrate/main.ts',
        'guard/src/adapters/engine/refusals.ts',
        'testing/src/start-dev-idp.ts',
      ],
    );
  });

  test('the reader of imports sees each way to write one, and no comment', () => {
    const text = `import a from 'one';
export { b } from "two";
import type { C } from '../three/index.ts';
import 'four';
const d = await import('five');
// import 'six';
/** import { e } from 'seven'; */`;
    const read = importsOf('guard/src/room/file.ts', text);
    assert.deepEqual(
      read.map(({ specifier }) => specifier),
      ['one', 'two', '../three/index.ts', 'four', 'five'],
    );
    assert.deepEqual(
      read.map(({ isTypeOnly, isDynamic }) => (isTypeOnly && 'type') || (isDynamic && 'dynamic') || 'static'),
      ['static', 'static', 'type', 'static', 'dynamic'],
    );
  });
});

describe('the table "Folders inside a package" in test/repo/folders.md', () => {
  const parentOf = (folder: string): string => folder.slice(0, folder.lastIndexOf('/'));
  const floors = new Map(
    readRows('Folders inside a package', 'test/repo/folders.md').map(([cell = '', others]) => {
      const [folder = ''] = listOf(cell);
      return [folder, new Set(listOf(others).map((other) => `${parentOf(folder)}/${other}`))];
    }),
  );
  const parents = [...new Set([...floors.keys()].map(parentOf))];
  /** The parent of a file: `guard/core` of `guard/src/core/jwt/compact-jws.ts`, `testing` of `testing/src/http/form.ts`. */
  const placeOf = (file: string): { parent?: string; folder?: string } => {
    const path = file.replace('/src/', '/');
    const parent = parents.find((one) => path.startsWith(`${one}/`));
    if (parent === undefined) return {};
    const [folder = '', ...rest] = path.slice(parent.length + 1).split('/');
    return rest.length === 0 ? { parent } : { parent, folder: `${parent}/${folder}` };
  };
  const files = sourceFiles().filter((file) => placeOf(file).parent !== undefined);
  const imports = files.flatMap((file) => importsOf(file));

  test('has a row for every folder beside those of its rows, and for no other', () => {
    assert.deepEqual(
      [...floors.keys()].toSorted(),
      [...new Set(files.flatMap((file) => placeOf(file).folder ?? []))].toSorted(),
    );
    assert.deepEqual(parents.toSorted(), [
      'cli',
      'connect',
      'guard/authz',
      'guard/core',
      'guard/session',
      'server',
      'testing',
    ]);
  });

  test('holds for every import, and lists none that is not used', () => {
    const used = new Map([...floors.keys()].map((folder) => [folder, new Set<string>()]));
    for (const { file, target = '' } of imports) {
      const [from, to] = [placeOf(file), placeOf(target)];
      if (from.folder === undefined || to.folder === undefined || from.folder === to.folder) continue;
      if (from.parent === to.parent) used.get(from.folder)?.add(to.folder);
    }
    const sorted = (table: ReadonlyMap<string, ReadonlySet<string>>) =>
      Object.fromEntries([...table].map(([folder, others]) => [folder, [...others].toSorted()]));
    assert.deepEqual(sorted(used), sorted(floors));
  });

  test('leads down alone: no folder reaches itself', () => {
    const edges = new Map([...floors].map(([folder, others]) => [folder, [...others]]));
    assert.deepEqual(findCircles(edges), []);
  });

  test('in core, no folder imports the files at the door, and none has more than 15 files', () => {
    const core = files.filter((file) => placeOf(file).parent === 'guard/core');
    const up = core
      .flatMap((file) => importsOf(file))
      .filter(({ file, target = '' }) => {
        const to = placeOf(target);
        return placeOf(file).folder !== undefined && to.parent === 'guard/core' && to.folder === undefined;
      });
    assert.deepEqual(
      up.map(({ file, target }) => `${file} imports ${target}`),
      [],
    );
    const counts = new Map<string, number>();
    for (const file of core) {
      const folder = placeOf(file).folder ?? 'the door';
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
    assert.deepEqual(
      [...counts].filter(([, count]) => count > 15),
      [],
    );
    assert.ok(counts.size > 10);
  });
});
