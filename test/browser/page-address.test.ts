// The programs of docs/single-page-apps.md and of the template as a page has them, in Chromium: its address survives the sign-in, and it
// notices a sign-out elsewhere. The only change is where the provider is.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
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

const setUp = (t: TestContext, name: Library): Promise<Stage> =>
  setUpFrontEnd(t, {
    library: LIBRARIES[name].library,
    toPage: (idp) => toPage(name, idp),
    redirectUris: ['/callback'],
  });

const isAt = async (page: Page, address: string, title: string): Promise<void> => {
  await page.waitForFunction((wanted) => document.title === wanted, title);
  assert.equal(page.url(), address);
};

async function signInAt(page: Page, app: string): Promise<void> {
  await page.goto(app);
  await isAt(page, `${app}/`, 'signed out');
  await page.evaluate('signIn()').catch(() => {});
  await page.waitForSelector('#kc-form-login');
  await signIn(page);
  await isAt(page, `${app}/`, 'signed in');
}

const PATHS = ['/', '/orders/5', '/?tab=1', '/orders/5?tab=1&q=a%20b#part', '/#/orders/5', '//orders'];

test('keycloak-js: every address is there again after the sign-in, a reload and in a second tab', async (t) => {
  const { page, app } = await setUp(t, 'keycloak-js');
  await page.goto(`${app}/orders/5?tab=1#part`);
  await isAt(page, `${app}/orders/5?tab=1#part`, 'signed out');
  await page.evaluate('signIn()').catch(() => {});
  await page.waitForSelector('#kc-form-login');
  await signIn(page);
  await isAt(page, `${app}/orders/5?tab=1#part`, 'signed in');
  const other = await page.context().newPage();
  for (const path of PATHS) {
    await Promise.all([page.goto(app + path), other.goto(`${app}/other${path}`)]);
    await isAt(page, app + path, 'signed in');
    await isAt(other, `${app}/other${path}`, 'signed in');
    await page.reload();
    await isAt(page, app + path, 'signed in');
  }
});

for (const name of ['keycloak-js', 'template'] as const)
  test(`${name}: a tab notices that somebody signed out in another one`, async (t) => {
    const { page, app } = await setUp(t, name);
    await signInAt(page, app);
    const other = await page.context().newPage();
    await other.goto(app);
    await isAt(other, `${app}/`, 'signed in');
    await other.evaluate('signOut()').catch(() => {});
    await isAt(page, `${app}/`, 'signed out');
  });

const CALL = { 'keycloak-js': 'callApi', template: 'call', 'oidc-client-ts': 'callApi' } as const;

for (const name of ['keycloak-js', 'template', 'oidc-client-ts'] as const)
  test(`${name}: a 401 leads to the login if Keycloak has ended the session, and stays a 401 otherwise`, async (t) => {
    const { idp, page, app } = await setUp(t, name);
    const refusal = { status: 401, headers: { 'access-control-allow-origin': '*' }, body: 'refused' };
    await page.route('**/me', (route) => route.fulfill(refusal));
    await page.goto(app);
    if (name !== 'oidc-client-ts') await signInAt(page, app);
    else await signIn(page);
    await isAt(page, `${app}/`, 'signed in');
    const answer = `${CALL[name]}('/me').then(async (answer) => answer.status ? answer.status + ' ' + await answer.text() : answer)`;
    assert.equal(await page.evaluate(answer), '401 refused');
    await idp.logoutUser('abdullah');
    await page.evaluate(`void ${CALL[name]}('/me')`);
    await page.waitForFunction("document.title !== 'signed in'");
  });

test('oidc-client-ts: a token that has expired leads to the login', async (t) => {
  const { idp, page, app } = await setUp(t, 'oidc-client-ts');
  await page.goto(app);
  await signIn(page);
  await isAt(page, `${app}/`, 'signed in');
  await idp.logoutUser('abdullah');
  await page.evaluate(() => {
    const [key = ''] = Object.keys(sessionStorage).filter((key) => key.startsWith('oidc.user'));
    sessionStorage.setItem(key, JSON.stringify({ ...JSON.parse(sessionStorage[key]), expires_at: 1 }));
  });
  await page.reload().catch(() => {});
  await page.waitForSelector('#kc-form-login');
});

test('template: the page says that Keycloak does not answer', async (t) => {
  const { page, app } = await setUp(t, 'template');
  await page.route('**/realms/**', (route) => route.abort());
  await page.goto(app);
  await page.getByText('Keycloak does not answer').waitFor();
});

test('oidc-client-ts: every address is there again after the sign-in and a reload', async (t) => {
  const { page, app } = await setUp(t, 'oidc-client-ts');
  let isFirst = true;
  for (const path of PATHS) {
    await page.goto(app + path).catch(() => {});
    if (isFirst) {
      await page.waitForSelector('#kc-form-login');
      await signIn(page);
      isFirst = false;
    }
    await isAt(page, app + path, 'signed in');
    await page.reload();
    await isAt(page, app + path, 'signed in');
    await page.evaluate('sessionStorage.clear()');
  }
});
