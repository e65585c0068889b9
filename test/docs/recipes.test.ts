// The recipes themselves are run by npm run test:recipes, the users table by npm run test:runners.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { DevIdp } from '../../packages/testing/src/index.ts';
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

describe('recipes', () => {
  const PUBLIC_URL = 'http://localhost:3000';
  const before = process.env;
  let idp: DevIdp;
  beforeEach(async () => {
    idp = await startTestIdp();
    process.env = {
      ...before,
      ...{ KEYCLOAK_SERVER_URL: idp.url, KEYCLOAK_REALM: idp.realm, KEYCLOAK_CLIENT_ID: 'fastapi-keycloak' },
      ...{ KEYCLOAK_CLIENT_SECRET: 'for-development-only', PUBLIC_URL },
      SESSION_SECRET: 'of-the-recipes-0123456789abcdefgh',
    };
  });
  afterEach(async () => {
    process.env = before;
    await idp.close();
  });

  type Event = { readonly isRemoteRequest?: boolean; readonly route?: { readonly id: string } };
  const APPS = {
    async sveltekit() {
      const { handle } = await import(join(RECIPES, 'sveltekit/src/hooks.server.ts'));
      return (request: Request, more: Event = {}): Promise<Response> => {
        const event = {
          request,
          isRemoteRequest: false,
          route: { id: '/' },
          locals: {},
          setHeaders() {},
          ...more,
        };
        return handle({ event, resolve: () => new Response('ran') });
      };
    },
    async astro() {
      const folder = join(RECIPES, 'astro/src');
      const text = readFileSync(join(folder, 'middleware.ts'), 'utf8')
        .replace(
          "import { defineMiddleware } from 'astro:middleware';",
          'const defineMiddleware = (one: unknown) => one;',
        )
        .replace("'./lib/", `'${folder}/lib/`);
      const file = join(ROOT, `node_modules/.cache/astro-${process.pid}.mts`);
      writeFileSync(file, text);
      const { onRequest } = await import(file).finally(() => rmSync(file));
      return (request: Request): Promise<Response> => onRequest({ request }, () => new Response('ran'));
    },
  };

  test('SvelteKit: remote functions of every page are guarded: their client says of which page they are', async () => {
    const app = await APPS.sveltekit();
    const token = await idp.issueToken();
    const statusOf = async (id: string, isRemoteRequest: boolean, headers = {}) =>
      (await app(new Request(`${PUBLIC_URL}/x`, { headers }), { isRemoteRequest, route: { id } })).status;
    for (const [id, isRemote, status] of [
      ['/', false, 200],
      ['/', true, 401],
      ['/(signed-in)/me', false, 401],
      ['/(signed-in)/me', true, 401],
    ] as const) {
      assert.equal(await statusOf(id, isRemote), status, `${id} ${isRemote}`);
      assert.equal(await statusOf(id, isRemote, { authorization: `Bearer ${token}` }), 200, id);
    }
  });

  for (const [name, start] of Object.entries(APPS))
    test(`${name}: forms of other sites are refused, as the framework's own check would, which is off`, async () => {
      const app = await start();
      const statusOf = async (headers: Record<string, string>, method = 'POST') =>
        (await app(new Request(`${PUBLIC_URL}/x`, { method, headers }))).status;
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      assert.equal(await statusOf({ ...form, origin: PUBLIC_URL }), 200);
      for (const origin of ['http://localhost:9000', 'https://evil.example', 'null'])
        for (const type of [form, { 'content-type': 'text/plain' }, {}])
          assert.equal(await statusOf({ ...type, origin }), 403, origin);
      assert.equal(await statusOf(form), 403);
      assert.equal(await statusOf({ origin: 'https://evil.example' }, 'GET'), 200);
    });
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
