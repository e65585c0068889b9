// Each framework's page is a whole guide: who reads one needs no other.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
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
const OTHERS = ['connections', 'from-nest-keycloak-connect', 'graphql-and-rpc'];

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

    test(`the first page of the guide leads to ${page}`, () => {
      assert.ok(read('docs/guide/README.md').includes(`](../frameworks/${name}.md)`));
    });
  }
});
