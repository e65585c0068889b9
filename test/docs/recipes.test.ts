// The recipes themselves are run by npm run test:recipes, the users table by npm run test:runners.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeBlocks } from '../../tools/docs/documents.ts';
import { ROOT } from '../repo/source-imports.ts';
import { startTestIdp } from '../support/dev-idp.ts';

const RECIPES = join(ROOT, 'examples/recipes');

test('fetch.md shows files of the recipes as they are', () => {
  const page = 'docs/frameworks/fetch.md';
  const [before = '', recipes = ''] = readFileSync(join(ROOT, page), 'utf8').split('\n## SvelteKit, ');
  const [from, length] = [before, recipes.split('\n## ', 1)[0] ?? ''].map(
    (text) => text.split('\n').length,
  ) as [number, number];
  const shown = codeBlocks(page).filter(
    ({ language, line }) => language !== 'sh' && line > from && line < from + length,
  );
  const wrong = shown.filter(({ text }) => {
    const [, path = '', rest = ''] = /^\/\/ (\S+)\n([\s\S]*)$/.exec(text) ?? [];
    const files = readdirSync(RECIPES).map((name) => join(RECIPES, name, path));
    return !files.some((file) => existsSync(file) && readFileSync(file, 'utf8') === rest);
  });
  assert.deepEqual(
    wrong.map(({ line, text }) => `line ${line}: ${text.split('\n')[0]}`),
    [],
  );
  assert.ok(shown.length >= 15);
});

test('the recipe of SvelteKit guards remote functions of every page: their client says of which page they are', async (t) => {
  const idp = await startTestIdp();
  t.after(() => idp.close());
  const settings = {
    ...{ KEYCLOAK_SERVER_URL: idp.url, KEYCLOAK_REALM: idp.realm, KEYCLOAK_CLIENT_ID: 'fastapi-keycloak' },
    ...{ KEYCLOAK_CLIENT_SECRET: 'for-development-only', PUBLIC_URL: 'http://localhost:3000' },
    SESSION_SECRET: 'of-the-recipes-0123456789abcdefgh',
  };
  const before = process.env;
  process.env = { ...before, ...settings };
  t.after(() => {
    process.env = before;
  });
  const { handle } = await import(join(RECIPES, 'sveltekit/src/hooks.server.ts'));
  const token = await idp.issueToken();
  const statusOf = async (id: string, isRemoteRequest: boolean, headers = {}) => {
    const request = new Request('http://localhost:3000/_app/remote/x/secrets', { headers });
    const event = { request, isRemoteRequest, route: { id }, locals: {}, setHeaders() {} };
    return (await handle({ event, resolve: () => new Response('ran') })).status;
  };
  for (const [id, isRemote, status] of [
    ['/', false, 200],
    ['/', true, 401],
    ['/(signed-in)/me', false, 401],
    ['/(signed-in)/me', true, 401],
  ] as const) {
    assert.equal(await statusOf(id, isRemote), status, `${id} ${isRemote}`);
    assert.equal(
      await statusOf(id, isRemote, { authorization: `Bearer ${token}` }),
      200,
      `${id} ${isRemote}`,
    );
  }
});

test('users-table.md shows the program of examples/users-table as it is', () => {
  const shown = codeBlocks('docs/users-table.md').filter(({ info }) => info !== '');
  assert.deepEqual(
    shown.map(({ info }) => info),
    ['users.sql', 'users.ts', 'app.ts'],
  );
  for (const { info, text } of shown)
    assert.equal(text, readFileSync(join(ROOT, 'examples/users-table', info), 'utf8'), info);
});
