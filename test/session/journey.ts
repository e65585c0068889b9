import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { reachOnly } from '../support/chromium.ts';
import { openPage } from '../support/page.ts';
import { COOKIE } from './browser.ts';

/** Set to a folder to keep pictures of the pages. */
const PICTURES = process.env.PICTURES;

/** A service on some provider, and what a test can do to the provider. */
export interface Surroundings {
  /** Address of the service. */
  readonly url: string;
  /** Lifetime of an access token. Unit: seconds. */
  readonly accessTokenSeconds: number;
  /** Ends the person's sessions as an administrator does. */
  endSessions(): Promise<void>;
}

/** What a person does in the browser, from signing in to signing out, on any provider. */
export async function walkThrough(t: TestContext, where: Surroundings): Promise<void> {
  const { page, faults } = await openJourney(t);

  await page.goto(where.url);
  await page.getByText('You are not signed in.').waitFor();
  await takePicture(page, 'home-signed-out');
  assert.match(await callProtected(page), /^401 Unauthorized\s+\{\s+"detail": "Not authenticated"/);

  // By keyboard alone.
  await page.getByRole('link', { name: 'Sign in with Keycloak' }).focus();
  await page.keyboard.press('Enter');
  await signInAtProvider(page);
  await page.getByText('Signed in as abdullah.').waitFor();
  assert.equal(new URL(page.url()).pathname, '/');
  const names = (await page.context().cookies(where.url)).map(({ name, httpOnly }) => ({ name, httpOnly }));
  assert.ok(names.some(({ name, httpOnly }) => name === COOKIE && httpOnly));
  assert.equal(await page.evaluate('document.cookie'), '');
  assert.match(await callProtected(page), /^200 OK\s+\{\s+"preferred_username": "abdullah"/);
  await takePicture(page, 'home-signed-in');
  await page.emulateMedia({ colorScheme: 'dark' });
  await takePicture(page, 'home-dark');
  await page.emulateMedia({ colorScheme: 'light' });

  // Over the end of the access token.
  const until = Date.now() + (where.accessTokenSeconds + 2) * 1000;
  while (Date.now() < until) assert.match(await callProtected(page), /^200 OK/);

  await where.endSessions();
  await page.evaluate("window.dispatchEvent(new Event('focus'))");
  await page.getByText('You are not signed in.').waitFor();
  assert.match(await callProtected(page), /^401 Unauthorized/);

  await page.goto(`${where.url}/docs`);
  await signInToDocs(page);
  assert.match(await executeProtected(page), /"preferred_username": "abdullah"/);
  await takePicture(page, 'docs-signed-in');

  await page.goto(where.url);
  await page.getByRole('link', { name: 'Sign in with Keycloak' }).click();
  await page.getByText('Signed in as abdullah.').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are not signed in.').waitFor();
  assert.equal(page.url(), `${where.url}/`);
  await page.goBack();
  await page.goto(where.url);
  await page.getByText('You are not signed in.').waitFor();
  assert.match(await callProtected(page), /^401 Unauthorized/);
  await page.getByRole('link', { name: 'Sign in with Keycloak' }).click();
  await page.locator('#password').waitFor();
  assert.deepEqual(faults, []);
}

async function openJourney(t: TestContext): Promise<{ page: Page; faults: string[] }> {
  const page = await openPage(t, reachOnly('localhost', '127.0.0.1'));
  await page.setViewportSize({ width: 900, height: 900 });
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy/i.test(message.text())) {
      faults.push(message.text());
    }
  });
  page.on('pageerror', (error) => faults.push(error.message));
  return { page, faults };
}

async function signInAtProvider(page: Page): Promise<void> {
  await page.locator('#username').fill('abdullah');
  await page.locator('#password').fill('Test#123456');
  await page.locator('#kc-login').click();
}

async function callProtected(page: Page): Promise<string> {
  const answered = page.waitForResponse((response) => response.url().endsWith('/protected'));
  await page.getByRole('button', { name: 'Call /protected' }).click();
  await answered;
  const answer = page.locator('#answer', { hasText: /^\d{3} / });
  await answer.waitFor();
  return (await answer.textContent()) ?? '';
}

/** Swagger UI's own dialog: one click for the sign-in with Keycloak. */
async function signInToDocs(page: Page): Promise<void> {
  await page.locator('.btn.authorize').first().click();
  const oauth = page.locator('.auth-container', { hasText: 'authorizationCode' });
  const [popup] = await Promise.all([
    page.waitForEvent('popup'),
    oauth.locator('button', { hasText: 'Authorize' }).click(),
  ]);
  await signInAtProvider(popup);
  await oauth.locator('button', { hasText: 'Logout' }).waitFor();
  await page.locator('.btn-done').first().click();
}

async function executeProtected(page: Page): Promise<string> {
  const operation = page.locator('.opblock', { has: page.locator('[data-path="/protected"]') });
  await operation.locator('.opblock-summary-control').click();
  await operation.locator('.execute').click();
  const body = operation.locator('.live-responses-table .response .response-col_description pre').first();
  await body.waitFor();
  return (await body.textContent()) ?? '';
}

async function takePicture(page: Page, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}/${name}.png` });
}
