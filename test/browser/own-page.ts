// The programs of docs/single-page-apps.md and of the template as a page has them, in Chromium. The only change is where the provider is.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { transformSync } from '@swc/wasm-typescript';
import type { Page } from 'playwright-core';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { type Stage, setUpFrontEnd, signIn } from './front-end.ts';

const DOCS = readFileSync(new URL('../../docs/single-page-apps.md', import.meta.url), 'utf8');

const TEMPLATE = readFileSync(
  new URL('../../packages/create/templates/spa/web/keycloak.ts', import.meta.url),
  'utf8',
);

function programOf(heading: string): string {
  if (heading === 'template') return transformSync(TEMPLATE, { mode: 'strip-only' }).code;
  const [, code] = new RegExp(`## ${heading}\n\n\`\`\`ts\n([\\s\\S]*?)\n\`\`\``).exec(DOCS) ?? [];
  assert.ok(code, `docs have no program under ${heading}`);
  return transformSync(code, { mode: 'strip-only' }).code;
}

const LIBRARIES = {
  'keycloak-js': {
    library: import.meta.resolve('keycloak-js'),
    load: '',
    end: "Object.assign(window, { signIn, signOut, callApi }); document.title = isSignedIn ? 'signed in' : 'signed out';",
  },
  template: {
    library: import.meta.resolve('keycloak-js'),
    load: "<script>const KEYCLOAK_URL = 'http://localhost:8080', KEYCLOAK_REALM = 'testing', API_URL = '';</script>",
    end: "Object.assign(window, { signIn, signOut, call }); document.title = (await start()) ? 'signed in' : 'signed out';",
  },
  'oidc-client-ts': {
    library: new URL('../browser/oidc-client-ts.min.js', import.meta.resolve('oidc-client-ts')).href,
    load: '<script src="/library.js"></script>',
    end: "Object.assign(window, { callApi }); document.title = (await users.getUser()) ? 'signed in' : 'signed out';",
  },
} as const;
type Library = keyof typeof LIBRARIES;

function toPage(name: Library, { issuer, port }: DevIdp): string {
  const { load, end } = LIBRARIES[name];
  const program = programOf(name)
    .replace("import Keycloak from 'keycloak-js'", "import Keycloak from '/library.js'")
    .replace("import { UserManager } from 'oidc-client-ts'", 'const { UserManager } = oidc')
    .replace('my-app-page', 'web-app');
  return `<!doctype html><meta charset="utf-8"><title>starting</title>${load}<script type="module">${program}\n${end}</script>`
    .replace('http://localhost:8080/realms/testing', issuer)
    .replace('http://localhost:8080', `http://localhost:${port}`);
}

export const setUpOwnPage = (t: TestContext, name: Library): Promise<Stage> =>
  setUpFrontEnd(t, {
    library: LIBRARIES[name].library,
    toPage: (idp) => toPage(name, idp),
    redirectUris: ['/callback'],
  });

export const isAt = async (page: Page, address: string, title: string): Promise<void> => {
  await page.waitForFunction((wanted) => document.title === wanted, title);
  assert.equal(page.url(), address);
};

export async function signInAt(page: Page, app: string): Promise<void> {
  await page.goto(app);
  await isAt(page, `${app}/`, 'signed out');
  await page.evaluate('signIn()').catch(() => {});
  await page.waitForSelector('#kc-form-login');
  await signIn(page);
  await isAt(page, `${app}/`, 'signed in');
}
