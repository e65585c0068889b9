import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../packages/cli/src/commands.ts';
import { AUTH_ERRORS } from '../../packages/guard/src/core/http/errors.ts';
import { documents as allDocuments } from '../../tools/docs/documents.ts';
import { PACKAGES } from '../../tools/release/pack.ts';
import { ROOT } from './source-imports.ts';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const documents = allDocuments();

test('docs/errors.md explains every code, with its status, and no other', () => {
  const rows = [...read('docs/errors.md').matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)];
  const documented = Object.fromEntries(rows.map(([, code = '', status]) => [code, Number(status)]));
  const real = Object.fromEntries(
    Object.entries(AUTH_ERRORS).map(([code, { statusCode }]) => [code, statusCode]),
  );
  assert.deepEqual(documented, real);
  assert.equal(rows.length, Object.keys(documented).length, 'no code twice');
});

test('every import path that a document shows is an export of a package, and the other way round', () => {
  const paths = ['guard', 'connect', 'testing', 'server', 'cli'].flatMap((folder) => {
    const { name, exports } = JSON.parse(read(`packages/${folder}/package.json`)) as {
      name: string;
      exports: Record<string, unknown>;
    };
    return Object.keys(exports).map((path) => name + path.slice(1));
  });
  const shown = documents.flatMap((file) =>
    [...read(file).matchAll(/["'`](@?keycloak-guard(?:\/[\w./-]+)?)["'`]/g)].map(([, path]) => path ?? ''),
  );
  assert.deepEqual(
    [...new Set(shown)].filter((path) => !paths.includes(path)),
    [],
  );
  const architecture = read('ARCHITECTURE.md');
  const missing = paths.filter((path) => !path.endsWith('.json') && !architecture.includes(`\`${path}\``));
  assert.deepEqual(missing, []);
});

test('a document that counts the packages counts all of them', () => {
  const words = ['three', 'four', 'five', 'six', 'seven', 'eight'];
  const count = new RegExp(
    `\\b(?:each of the )?(${words.join('|')})(?: packages\\b|(?<=each of the \\1)\\b)`,
    'gi',
  );
  const counts = documents.flatMap((file) =>
    [...read(file).matchAll(count)].map(([, word = '']) => `${file}: ${word.toLowerCase()}`),
  );
  assert.deepEqual(
    counts.filter((one) => !one.endsWith(`: ${words[PACKAGES.length - 3]}`)),
    [],
  );
  assert.ok(counts.length >= 4);
});

/** As GitHub makes them of headings. */
const anchorsOf = (file: string): string[] =>
  [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

test('every link and picture in a document leads to a file that is there, and to a heading in it', () => {
  const seen: string[] = [];
  const broken = documents.flatMap((file) => {
    const text = read(file).replace(/^```[\s\S]*?^```/gm, '');
    return [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)].flatMap(([, inline, tag]) => {
      const link = inline ?? tag ?? '';
      if (/^[a-z]+:/.test(link)) return [];
      seen.push(link);
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? file : join(dirname(file), path);
      const isThere =
        existsSync(join(ROOT, target)) && (anchor === undefined || anchorsOf(target).includes(anchor));
      return isThere ? [] : [`${file}: ${link}`];
    });
  });
  assert.deepEqual(broken, []);
  assert.ok(seen.length > 10);
});

test('every command that a document shows is there: of npm, and of keycloak-guard', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const known = {
    'npm run': Object.keys(scripts),
    'npx keycloak-guard': Object.keys(commands),
  };
  const unknown = documents.flatMap((file) =>
    [...read(file).matchAll(/(npm run|npx keycloak-guard) ([a-z][\w:-]*)/g)]
      .filter(([, program, name = '']) => !known[program as keyof typeof known].includes(name))
      .map(([shown]) => `${file}: ${shown}`),
  );
  assert.deepEqual(unknown, []);
  const listed = /\*\*Command line\*\*: (.*)/.exec(read('CHANGELOG.md'))?.[1] ?? '';
  assert.deepEqual(
    [...listed.matchAll(/`(\w+)`/g)]
      .map(([, name]) => name)
      .filter((name) => !Object.hasOwn(commands, name ?? '')),
    [],
  );
});
