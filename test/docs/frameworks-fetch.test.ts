// The programs of docs/frameworks/hono.md and fetch.md are called. Their types: program-types.test.ts.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { codeBlocks } from '../../tools/docs/documents.ts';
import { openFetchBrowser, SECRETS } from '../fetch/fetch-browser.ts';
import { ROOT } from '../repo/source-imports.ts';
import { ORIGIN } from '../session/browser.ts';
import { startTestIdp } from '../support/dev-idp.ts';

type App = (request: Request) => Response | Promise<Response>;

const FOLDER = join(ROOT, `reports/frameworks-fetch-${process.pid}`);
const programs = ['hono', 'fetch'].flatMap((page) =>
  codeBlocks(`docs/frameworks/${page}.md`)
    .filter(({ info }) => info.endsWith('.mts'))
    .map(({ info, text }) => ({ name: `${page}-${info}`, text })),
);
let idp: DevIdp;

before(async () => {
  process.env.SESSION_SECRET = SECRETS[0];
  idp = await startTestIdp();
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, text } of programs) {
    const here = text
      .replace("'http://localhost:8080'", `'${idp.url}'`)
      .replace("publicUrl: 'http://localhost:3000'", `publicUrl: '${ORIGIN}'`);
    writeFileSync(join(FOLDER, name), here);
  }
});
after(async () => {
  await idp.close();
  rmSync(FOLDER, { recursive: true, force: true });
});

async function load(name: string): Promise<App> {
  const loaded = await import(join(FOLDER, name));
  const app = loaded.default ?? loaded.app;
  return (request) => app.fetch(request);
}

const get = async (app: App, path: string, token?: string) => {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return app(new Request(`${ORIGIN}${path}`, { headers }));
};

describe('docs/frameworks/hono.md and fetch.md', () => {
  for (const [name, guarded] of [
    ['hono-server.mts', '/me'],
    ['fetch-server.mts', '/'],
  ] as const) {
    test(`${name} says hello to who has a token`, async () => {
      const app = await load(name);
      assert.equal((await get(app, guarded)).status, 401);
      const answer = await get(app, guarded, await idp.issueToken());
      assert.deepEqual([answer.status, await answer.json()], [200, { hello: 'abdullah' }]);
    });
  }

  for (const [name, path] of [
    ['hono-permit.mts', '/me'],
    ['fetch-permit.mts', '/'],
  ] as const) {
    test(`${name} lets nobody in without a permission`, async () => {
      const app = await load(name);
      assert.equal((await get(app, path)).status, 401);
      // The embedded provider has no authorization services: nothing is granted, and the answer does not say why.
      const { status } = await get(app, path, await idp.issueToken());
      assert.ok([500, 503].includes(status), String(status));
    });
  }

  for (const [name, path] of [
    ['hono-server.mts', '/admin/users'],
    ['fetch-h3.mts', '/admin'],
    ['fetch-elysia.mts', '/admin'],
  ] as const) {
    test(`${name}: ${path} is for admins`, async () => {
      const app = await load(name);
      assert.equal(await (await get(app, '/')).text(), 'everybody');
      const refused = await get(app, path);
      assert.deepEqual(
        [refused.status, refused.headers.get('www-authenticate'), await refused.json()],
        [401, 'Bearer', { detail: 'Not authenticated' }],
      );
      assert.equal((await get(app, path, await idp.issueToken())).status, 403);
      const admin = await idp.issueToken({ claims: { realm_access: { roles: ['admin'] } } });
      assert.equal((await get(app, path, admin)).status, 200);
    });
  }

  for (const name of ['fetch-h3.mts', 'fetch-elysia.mts']) {
    test(`${name} hears of a logout from Keycloak`, async () => {
      const app = await load(name);
      const answer = await app(
        new Request(`${ORIGIN}/backchannel-logout`, { method: 'POST', body: new URLSearchParams('a=b') }),
      );
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /Invalid logout token/);
    });
  }

  for (const name of ['hono-login.mts', 'fetch-login.mts']) {
    test(`${name} signs people in`, async () => {
      const browser = openFetchBrowser(await load(name));
      const invited = await browser.app({ url: '/', headers: { accept: 'text/html' } });
      assert.deepEqual([invited.statusCode, invited.headers.location], [303, '/auth/login?return_to=%2F']);
      await browser.signIn();
      assert.match((await browser.app({ url: '/' })).body, /Hello abdullah/);
    });
  }
});
