// Each framework's page is a whole guide: who reads one needs no other.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PAGES_WITH_TABLES, TABLES, tablesOf, withTables } from '../../tools/docs/adapter-tables.ts';
import { ADAPTERS } from '../../tools/docs/adapters.ts';
import { OPTION_TABLES } from '../../tools/docs/options.ts';
import {
  FRAMEWORK_PAGES,
  SHARED,
  sharedSectionsOf,
  withSharedSections,
} from '../../tools/docs/shared-sections.ts';
import { ROOT } from '../repo/source-imports.ts';

/** What a reader has to find, in this order; more may stand between. */
const HEADINGS = [
  'Start',
  'What a guard can require',
  'Browser login',
  'Permissions',
  'Refusals',
  'Tests',
  'In production',
];
/** Pages beside those of the frameworks. */
const OTHERS = ['graphql-and-rpc'];

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const names = Object.keys(FRAMEWORK_PAGES);

describe('the pages of the frameworks', () => {
  test('each page in the folder is one of them, or known to be none', () => {
    const files = readdirSync(join(ROOT, 'docs/frameworks')).map((file) => file.replace(/\.md$/, ''));
    assert.deepEqual(files.sort(), [...names, ...OTHERS].sort());
  });

  for (const name of names) {
    const page = `docs/frameworks/${name}.md`;

    test(`${page} leads from the start to production`, () => {
      const headings = [...read(page).matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
      assert.deepEqual(
        headings.filter((heading) => HEADINGS.includes(heading)),
        HEADINGS,
      );
    });

    test(`${page} has what is the same on every page, as it is now (npm run docs)`, () => {
      const text = read(page);
      assert.deepEqual(sharedSectionsOf(text), SHARED);
      assert.equal(withSharedSections(name, text), text);
    });
  }
});

describe('the list of adapters', () => {
  const rooms = ADAPTERS.flatMap(({ room }) => room ?? []);
  const { exports, peerDependencies } = JSON.parse(read('packages/guard/package.json'));

  for (const page of PAGES_WITH_TABLES) {
    test(`${page} has its tables, as they are now (npm run docs)`, () => {
      const text = read(page);
      const names = Object.keys({ ...TABLES[page], ...OPTION_TABLES[page] });
      assert.deepEqual(tablesOf(text).sort(), names.sort());
      assert.equal(withTables(page, text), text);
    });
  }

  test('has every adapter that users can import, and no other', () => {
    const folders = Object.values(exports).flatMap((one) => {
      const source = (one as Record<string, string>)['@keycloak-guard/source'] ?? '';
      return /src\/adapters\/([\w-]+)\/index\.ts$/.exec(source)?.[1] ?? [];
    });
    assert.deepEqual(rooms.map(({ name }) => name).sort(), folders.sort());
  });

  test('names what an application brings, each a peer dependency', () => {
    const brought = rooms.flatMap(({ npm }) => npm?.split(', ') ?? []);
    const ofOthers = ['@redis/client', 'prom-client', '@opentelemetry/api'];
    const known = Object.keys(peerDependencies).filter((name) => !ofOthers.includes(name));
    assert.deepEqual(brought.sort(), known.sort());
  });

  test('is in every table', () => {
    const tables = Object.values(TABLES).flatMap((page) =>
      Object.values(page).map((rows) => rows().join('\n')),
    );
    assert.equal(tables.length, 5);
    for (const { name } of rooms)
      assert.ok(
        tables.every((text) => new RegExp(`\\b${name}\\b`, 'i').test(text)),
        name,
      );
  });
});
