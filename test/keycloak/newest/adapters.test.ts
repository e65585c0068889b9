import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { ADAPTERS as ALL } from '../../adapters/all.ts';
import { type Adapter, startApp } from '../../contract/adapter/adapter.ts';
import { launchChromium, reachOnly } from '../../support/chromium.ts';
import { eventually } from '../../support/eventually.ts';
import { claimsOf } from '../../support/test-realm.ts';
import { type BrowserRealm, createBrowserRealm, type Person } from '../support/browser-realm.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const keycloak = requireKeycloak();

const ADAPTERS = await Promise.all(Object.values(ALL).map((load) => load()));
/** What a page or an answer may take, on a machine that has other things to do. Unit: milliseconds. */
const PATIENCE_MS = 60_000;

let browser: Browser;
let realm: BrowserRealm;

before(async () => {
  browser = await launchChromium(reachOnly('127.0.0.1', 'localhost'));
  realm = await createBrowserRealm(keycloak);
});
after(async () => {
  await browser?.close();
  await realm?.remove();
});

describe('a person with a browser on every framework', { concurrency: 3 }, () => {
  for (const adapter of ADAPTERS) {
    test(`${adapter.name}: signs in, stays signed in, is signed out by an administrator, and signs out`, (t) =>
      walkThrough(t, adapter));
  }
});

async function walkThrough(t: TestContext, adapter: Adapter): Promise<void> {
  const clientId = adapter.name.replaceAll(' ', '-');
  const told: string[] = [];
  const app = await startApp(t, adapter, {
    keycloak: {
      ...{ serverUrl: keycloak.url, realm: realm.realm, clientId, clientSecret: realm.secret },
      onNotice: false,
      observers: [{ event: ({ by, outcome }) => void (by === 'backchannel_logout' && told.push(outcome)) }],
    },
    session: { secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826', afterLogout: '/open' },
  });
  const person = await realm.add(clientId, app.url);
  const page = await openPage(t);
  const welcome = { status: 200, body: { username: person.username } };
  const asked = `${app.url}/guarded?a=1&b=two%20words`;
  const step = (name: string, run: () => Promise<void>) => walk(t, page, `${adapter.name}, ${name}`, run);

  await step('login', async () => {
    await page.goto(asked);
    await signIn(page, person);
    await arriveAt(page, asked, welcome.body);
  });

  await step('request of a script', async () => {
    assert.deepEqual(await ask(page, '/guarded'), welcome);
  });

  await step('refresh', async () => {
    const first = await tokenOf(page);
    let now = first;
    await eventually(
      'the first access token has ended, and there is another',
      async () => {
        assert.deepEqual(await ask(page, '/guarded'), welcome);
        now = await tokenOf(page);
        return Date.now() > Number(first.exp) * 1000 && now.jti !== first.jti;
      },
      PATIENCE_MS,
    );
    assert.equal(now.sid, first.sid);
    assert.ok(Number(now.exp) > Number(first.exp));
    assert.equal(await person.countSessions(), 1);
  });

  await step('logout by an administrator', async () => {
    assert.deepEqual(told, []);
    await person.logout();
    await eventually('Keycloak has told the app', () => told.length > 0, PATIENCE_MS);
    assert.deepEqual(told, ['ok']);
    assert.equal((await ask(page, '/guarded')).status, 401);
    await page.goto(asked);
    await signIn(page, person);
    await arriveAt(page, asked, welcome.body);
  });

  await step('logout', async () => {
    await page.evaluate(
      "{ const form = document.createElement('form'); form.method = 'post'; form.action = '/auth/logout'; document.body.append(form); form.submit(); }",
    );
    await arriveAt(page, `${app.url}/open`, { open: true });
    assert.equal(await person.countSessions(), 0);
    assert.equal((await ask(page, '/guarded')).status, 401);
    await page.goto(asked);
    await page.locator('#password').waitFor();
  });
}

async function openPage(t: TestContext): Promise<Page> {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  return page;
}

/** A failure says of which framework, at which step and on which page it is. */
async function walk(t: TestContext, page: Page, name: string, run: () => Promise<void>): Promise<void> {
  const started = performance.now();
  try {
    await run();
  } catch (error) {
    const shown = await page
      .locator('body')
      .textContent({ timeout: 1_000 })
      .catch(() => 'nothing');
    const where = `at ${page.url()}, which shows: ${shown?.slice(0, 300)}`;
    throw new Error(`${name} failed ${where}\n${(error as Error).message}`, { cause: error });
  }
  t.diagnostic(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** Fills in Keycloak's form, which has to be there: nobody is signed in without it. */
async function signIn(page: Page, { username, password }: Person): Promise<void> {
  await page.locator('#password').waitFor();
  assert.equal(new URL(page.url()).origin, new URL(keycloak.url).origin);
  await page.locator('#username').fill(username);
  await page.locator('#password').fill(password);
  await page.locator('#kc-login').click();
}

async function arriveAt(page: Page, url: string, shown: object): Promise<void> {
  await page.waitForURL(({ href }) => href === url);
  assert.deepEqual(JSON.parse((await page.locator('pre').textContent()) ?? ''), shown);
}

/** A script of the page asks the app, with the cookie that the script cannot read. */
function ask(page: Page, path: string): Promise<{ status: number; body: Record<string, string> }> {
  const init = JSON.stringify({ headers: { accept: 'application/json' } });
  return page.evaluate(
    `fetch('${path}', ${init}).then(async (answer) => ({ status: answer.status, body: await answer.json() }))`,
  );
}

async function tokenOf(page: Page): Promise<Record<string, unknown>> {
  const { body } = await ask(page, '/token');
  return claimsOf(body.token as string);
}
