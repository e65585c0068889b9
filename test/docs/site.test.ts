// The pages that the site is built of (tools/site/). VitePress, links and search: npm run docs:build.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AUTH_ERRORS } from '../../packages/guard/src/core/http/errors.ts';
import { withAttacks } from '../../tools/docs/attacks.ts';
import { llmsFullText, llmsText } from '../../tools/site/agents.ts';
import { readErrors } from '../../tools/site/error-pages.ts';
import { ROOT, readMap, readPages } from '../../tools/site/pages.ts';

const REPOSITORY = 'https://git.example.com/keycloak-guard';
const pages = readPages(REPOSITORY);
const byPath = new Map(pages.map((page) => [page.path, page]));
const linked = readMap().flatMap(({ groups }) => groups.flatMap(({ links }) => links));

describe('the site', () => {
  test('docs/README.md leads to every page that is written, once', () => {
    const written = pages
      .filter(({ source, search }) => source !== undefined && search === undefined)
      .map(({ path }) => path)
      .filter((path) => path !== 'index.md');
    const shown = linked.map(({ path }) => path).filter((path) => !path.startsWith('api/'));
    assert.deepEqual(shown.toSorted(), written.toSorted());
  });

  test('each code of a refusal has a page with its status, its challenge and its body, and what to do', () => {
    for (const [code, { statusCode, detail }] of Object.entries(AUTH_ERRORS)) {
      const { text = '' } = byPath.get(`errors/${code}.md`) ?? {};
      assert.match(text, new RegExp(`^# ${code}$`, 'm'));
      assert.ok(text.includes(`HTTP/1.1 ${statusCode}`) && text.includes(JSON.stringify({ detail })), code);
      assert.match(text, /^## (?:What to do|Causes, the most frequent first)$/m, code);
      assert.match(text, /^## How to tell$/m, code);
    }
    const { text = '' } = byPath.get('errors/token_audience.md') ?? {};
    assert.ok(text.includes('error_description="The access token is for another audience"'));
    assert.match(byPath.get('errors/keys_unavailable.md')?.text ?? '', /Level: error\./);
  });

  test('causes in docs/errors.md belong to codes that there are', () => {
    const { causes } = readErrors(readFileSync(join(ROOT, 'docs/errors.md'), 'utf8'));
    assert.deepEqual(
      [...causes.keys()].filter((code) => !Object.hasOwn(AUTH_ERRORS, code)),
      [],
    );
  });

  test('test/README.md counts the attacks as the tests have them (npm run docs)', async () => {
    const page = readFileSync(join(ROOT, 'test/README.md'), 'utf8');
    assert.equal(await withAttacks(page), page);
  });

  test('links lead to addresses of the site, pictures and code; without a repository, code is no link', () => {
    const { text = '' } = byPath.get('frameworks/express.md') ?? {};
    assert.match(text, /\]\(\/library#options\)/);
    assert.match(text, new RegExp(`\\]\\(${REPOSITORY}/blob/main/examples/express/app\\.ts\\)`));
    assert.doesNotMatch(text, /\]\(\.\.?\//);
    assert.doesNotMatch(
      readPages(undefined)
        .map((page) => page.text)
        .join('\n'),
      /\/blob\/main\//,
    );
  });

  test('headings of a page skip no level', () => {
    const skips = pages.flatMap(({ path, text }) => {
      const levels = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^(#+) /gm)].map(
        ([, marks = '']) => marks.length,
      );
      return levels.some((level, i) => level > (levels[i - 1] ?? 0) + 1) ? [path] : [];
    });
    assert.deepEqual(skips, []);
  });

  test('the skill names each requirement of a guard, and no other', () => {
    const skill = readFileSync(join(ROOT, 'skills/keycloak-guard/SKILL.md'), 'utf8');
    const listed = /Options of a guard, all of them: ([\s\S]*?)\. There/.exec(skill)?.[1] ?? '';
    const guards =
      /## Guards\n([\s\S]*?)\n- A route/.exec(readFileSync(join(ROOT, 'docs/library.md'), 'utf8'))?.[1] ?? '';
    const names = (text: string, pattern: RegExp) =>
      [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].sort();
    assert.deepEqual(names(listed, /`(\w+)`/g), names(guards, /^\| `(\w+):/gm));
  });

  test('llms.txt lists the pages of the map with a sentence each, llms-full.txt holds what is written', () => {
    const list = llmsText(readMap(), pages, '/');
    for (const { path } of linked) assert.ok(list.includes(`](/${path}): `), path);
    const full = llmsFullText(readMap(), pages);
    for (const title of ['# Errors', '# Security', '# Single-page apps'])
      assert.match(full, new RegExp(`^${title}`, 'm'), title);
    assert.doesNotMatch(full, /^# keycloak-guard\/express$/m);
  });
});
