import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import express, { type Express } from 'express';
import type { Browser, BrowserContext } from 'playwright-core';
import { keycloak } from '../../packages/guard/src/adapters/express/index.ts';
import { launchChromium, reachOnly } from '../support/chromium.ts';

/** A realm, and what a test does in it. */
export interface TwoApplicationsRealm {
  readonly serverUrl: string;
  readonly realm: string;
  readonly username: string;
  readonly password: string;
  /** Adds the client of an application that runs. @returns its secret */
  add(clientId: string, url: string): Promise<string>;
  /** Takes away the role `manage-account`, by which people end their other sessions. */
  dropRoles(): Promise<void>;
}

/** The page at `/` says who is signed in, and has a button for each way to sign out; `/me` is for who is signed in. */
async function serve(t: TestContext, realm: TwoApplicationsRealm, clientId: string): Promise<string> {
  let app: Express | undefined;
  const server = createServer((request, response) => app?.(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clientSecret = await realm.add(clientId, url);
  const kc = keycloak({ serverUrl: realm.serverUrl, realm: realm.realm, clientId, clientSecret });
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await kc.close();
  });
  app = express();
  app.use(kc.session({ secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826', publicUrl: url }));
  app.use(kc.backchannelLogout());
  app.get('/', kc.guard({ optional: true }), ({ principal }, response) => {
    const ways = ['', '?scope=app', '?scope=everywhere'];
    const form = (query: string) =>
      `<form method="post" action="/auth/logout${query}"><button>Sign out${query}</button></form>`;
    response.type('html').send(`<p>${principal?.username ?? 'nobody'}</p>${ways.map(form).join('')}`);
  });
  app.get('/me', kc.guard(), ({ principal }, response) => {
    response.type('html').send(`<p>${principal?.username}</p>`);
  });
  return url;
}

async function openContext(chromium: Browser): Promise<BrowserContext> {
  const context = await chromium.newContext();
  context.setDefaultTimeout(60_000);
  return context;
}

/** With the password at the first application; the others ask nothing. */
async function signIn(context: BrowserContext, { username, password }: TwoApplicationsRealm, urls: string[]) {
  const page = await context.newPage();
  const browser = {
    page,
    /** The person that an application knows, without a visit of Keycloak's. */
    knows: async (url: string) => {
      await page.goto(`${url}/`);
      return page.textContent('p');
    },
    /** What a page for the person leads to. */
    visit: async (url: string): Promise<'password' | string | null> => {
      await page.goto(`${url}/me`);
      return (await page.locator('#password').count()) > 0 ? 'password' : page.textContent('p');
    },
    signOut: async (url: string, query = '') => {
      await page.goto(`${url}/`);
      await page.getByRole('button', { name: `Sign out${query}`, exact: true }).click();
      await page.waitForLoadState();
    },
  };
  for (const url of urls) {
    if ((await browser.visit(url)) !== 'password') continue;
    assert.equal(url, urls[0]);
    await page.fill('#username', username);
    await page.fill('#password', password);
    await page.click('#kc-login');
    await page.waitForURL(`${url}/me`);
  }
  for (const url of urls) assert.equal(await browser.knows(url), username);
  return browser;
}

type PersonsBrowser = Awaited<ReturnType<typeof signIn>>;

/** Every way to sign out, on any provider. */
export async function signOutInEveryWay(t: TestContext, realm: TwoApplicationsRealm): Promise<void> {
  const [shop, desk] = [await serve(t, realm, 'shop'), await serve(t, realm, 'desk')];
  const chromium = await launchChromium(reachOnly('127.0.0.1', 'localhost'));
  t.after(() => chromium.close());
  const openBrowser = async () => signIn(await openContext(chromium), realm, [shop, desk]);
  const { username } = realm;
  const know = async (browser: PersonsBrowser) => [await browser.knows(shop), await browser.knows(desk)];

  await t.test('of one application: the other stays, and signing in again asks for no password', async () => {
    const here = await openBrowser();
    await here.signOut(shop, '?scope=app');
    assert.equal(here.page.url(), `${shop}/`);
    assert.deepEqual(await know(here), ['nobody', username]);
    assert.equal(await here.visit(shop), username);
  });

  await t.test(
    'plainly: Keycloak asks again, the other application is over, other browsers are not',
    async () => {
      const [here, elsewhere] = [await openBrowser(), await openBrowser()];
      await here.signOut(shop);
      await here.page.waitForURL(`${shop}/`);
      assert.deepEqual(await know(here), ['nobody', 'nobody']);
      assert.equal(await here.visit(desk), 'password');
      assert.deepEqual(await know(elsewhere), [username, username]);
    },
  );

  await t.test('everywhere: no application in any browser knows the person', async () => {
    const [here, elsewhere] = [await openBrowser(), await openBrowser()];
    await here.signOut(shop, '?scope=everywhere');
    await here.page.waitForURL(`${shop}/`);
    for (const browser of [here, elsewhere]) {
      assert.deepEqual(await know(browser), ['nobody', 'nobody']);
      assert.equal(await browser.visit(shop), 'password');
    }
  });

  await t.test(
    'everywhere, which Keycloak refuses: in this browser it is over, at Keycloak too',
    async () => {
      await realm.dropRoles();
      const [here, elsewhere] = [await openBrowser(), await openBrowser()];
      await here.signOut(shop, '?scope=everywhere');
      assert.equal(await here.page.textContent('h1'), 'You are signed out here, but not everywhere');
      await here.page.getByRole('link', { name: 'Sign in again' }).click();
      await here.page.locator('#password').waitFor();
      assert.deepEqual(await know(here), ['nobody', 'nobody']);
      assert.deepEqual(await know(elsewhere), [username, username]);
    },
  );
}
