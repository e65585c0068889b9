import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startService } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import { startDevIdp } from '../../packages/testing/src/index.ts';
import { collectLog, configFor, PASSWORD } from '../server/service.ts';
import { reachOnly } from '../support/chromium.ts';
import { openPage } from '../support/page.ts';

const REALM_FILE = new URL('../../packages/testing/testing-realm.json', import.meta.url).pathname;
/** Set to a folder to keep pictures of the pages. */
const PICTURES = process.env.PICTURES;

const LOGIN = { username: 'abdullah', password: PASSWORD };

interface Stage {
  readonly page: Page;
  readonly url: string;
  /** What the page asked for elsewhere, and what its policy forbade. */
  readonly faults: string[];
}

/** The service and a browser that reaches nothing else. */
async function setUp(t: TestContext, deps: { docsLogin?: typeof LOGIN } = {}): Promise<Stage> {
  const idp = await startDevIdp({ realmFile: REALM_FILE });
  const config = { ...configFor(idp.url), host: '127.0.0.1' };
  const logger = createLoggerTo(config, collectLog().stream);
  const service = await startService(config, { logger, ...deps });
  const page = await openPage(t, reachOnly('127.0.0.1'));
  t.after(async () => {
    await service.close();
    await idp.close();
  });
  await page.setViewportSize({ width: 1200, height: 900 });
  const faults: string[] = [];
  page.on('console', (message) => {
    // Answers with an error status are expected here; everything else is not.
    if (message.type() === 'error' && !/status of 40\d/.test(message.text())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(service.url))
      faults.push(request.url());
  });
  return { page, url: service.url, faults };
}

async function takePicture(page: Page, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

/** Sends what stands in an opened operation, and reads the answer that comes. */
async function execute(page: Page, path: string, status: string): Promise<string> {
  const operation = page.locator('.opblock', { has: page.locator(`[data-path="${path}"]`) });
  if (!(await operation.getAttribute('class'))?.includes('is-open')) {
    await operation.locator('.opblock-summary-control').click();
  }
  const clear = operation.locator('.btn-clear');
  if (await clear.isVisible()) await clear.click();
  await operation.locator('.execute').click();
  const answer = operation.locator('.live-responses-table .response').first();
  await answer.waitFor();
  const seen = (await answer.locator('.response-col_status').textContent()) ?? '';
  assert.equal(/\d+/.exec(seen)?.[0], status);
  const body = answer.locator('.response-col_description pre').first();
  return ((await body.textContent()) ?? '').trim();
}

async function authorize(page: Page, value: string): Promise<void> {
  await page.locator('.btn.authorize').first().click();
  const dialog = page.locator('.dialog-ux');
  const bearer = dialog.locator('.auth-container', { hasText: 'bearerAuth' });
  await bearer.locator('input').fill(value);
  await bearer.locator('button.authorize').click();
  await takePicture(page, 'docs-authorize');
  await dialog.locator('button.btn-done').first().click();
}

async function logOut(page: Page): Promise<void> {
  await page.locator('.btn.authorize').first().click();
  await page.locator('.dialog-ux .btn.modal-btn', { hasText: 'Logout' }).click();
  await page.locator('.dialog-ux button.btn-done').first().click();
}

test('the docs page works with no network: log in, authorize in both ways, and be known', async (t) => {
  const { page, url, faults } = await setUp(t);
  await page.goto(`${url}/docs`);
  await page.locator('.opblock').first().waitFor();
  await takePicture(page, 'docs');

  assert.match(await execute(page, '/protected', '401'), /Not authenticated/);

  const login = page.locator('.opblock', { has: page.locator('[data-path="/login"]') });
  await login.locator('.opblock-summary-control').click();
  await login.locator('[data-property-name="username"] input').fill('abdullah');
  await login.locator('[data-property-name="password"] input').fill(PASSWORD);
  const { access_token: token } = JSON.parse(await execute(page, '/login', '200'));
  assert.match(token, /^eyJ/);

  for (const value of [`Bearer ${token}`, token]) {
    await authorize(page, value);
    assert.match(await execute(page, '/protected', '200'), /"full_name": "Abdullah Alqahtani"/);
    await takePicture(page, 'docs-protected');
    await logOut(page);
    assert.match(await execute(page, '/protected', '401'), /Not authenticated/);
  }
  assert.deepEqual(faults, []);
});

test('the form of the login is filled in with the user of the embedded provider: Execute logs in', async (t) => {
  const { page, url, faults } = await setUp(t, { docsLogin: LOGIN });
  await page.goto(`${url}/docs`);
  await page.locator('.opblock').first().waitFor();
  const { access_token } = JSON.parse(await execute(page, '/login', '200'));
  assert.match(access_token, /^eyJ/);
  assert.deepEqual(faults, []);
});

test('without one the form of the login is empty', async (t) => {
  const { page, url } = await setUp(t);
  await page.goto(`${url}/docs`);
  const login = page.locator('.opblock', { has: page.locator('[data-path="/login"]') });
  await login.locator('.opblock-summary-control').click();
  for (const name of ['username', 'password']) {
    assert.equal(await login.locator(`[data-property-name="${name}"] input`).inputValue(), '', name);
  }
});

test('the docs page asks for no client secret: it is not the page that has one', async (t) => {
  const { page, url, faults } = await setUp(t);
  await page.goto(`${url}/docs`);
  await page.locator('.btn.authorize').first().click();
  const dialog = page.locator('.dialog-ux');
  await dialog.locator('#client_id_authorizationCode').waitFor();
  assert.ok(await dialog.locator('#client_id_authorizationCode').isVisible());
  assert.equal(await dialog.locator('#client_secret_authorizationCode').isVisible(), false);
  assert.equal(await dialog.getByText('client_secret:').isVisible(), false);
  await takePicture(page, 'docs-no-secret');
  assert.deepEqual(faults, []);
});

test('the home page leads to the docs', async (t) => {
  const { page, url, faults } = await setUp(t);
  await page.goto(url);
  await takePicture(page, 'home');
  assert.match((await page.locator('.state').textContent()) ?? '', /You are not signed in/);
  const background = await page
    .locator('.button')
    .first()
    .evaluate((element) => getComputedStyle(element).backgroundColor);
  assert.notEqual(background, 'rgba(0, 0, 0, 0)');
  await page.getByRole('link', { name: 'Documentation' }).click();
  await page.locator('.opblock').first().waitFor();
  assert.deepEqual(faults, []);
});
