// How somebody gets into each template: with a token, and with the browser.
import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Browser } from 'playwright-core';
import { frameworkOf } from '../../../packages/create/src/frameworks.ts';
import { isFrameworkName } from '../../../packages/create/src/options.ts';
import type { DevIdp } from '../../../packages/testing/src/index.ts';
import { type Project, readRealm } from './project.ts';

/** Longest wait for a page. In development it is compiled first. */
const PATIENCE_MS = 120_000;

/** With a token of the provider. */
export async function signInWithToken({ choice, folder, url }: Project, idp: DevIdp): Promise<void> {
  const [{ clientId } = { clientId: '' }] = readRealm(folder).clients;
  if (choice.framework === 'mcp') return callTool(`${url}/mcp`, idp);
  const path = choice.framework === 'service' ? '/protected' : '/me';
  const token = choice.framework === 'service' ? await login(folder, url) : undefined;
  await expectGuarded(`${url}${path}`, token ?? (await idp.issueToken({ username: 'ann', clientId })));
}

/** The token opens it, and without one it is closed. */
export async function expectGuarded(url: string, token: string): Promise<void> {
  assert.equal((await fetch(url)).status, 401);
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /"ann"/);
}

async function login(folder: string, url: string): Promise<string> {
  const [user] = readRealm(folder).users;
  const body = new URLSearchParams({
    username: user?.username ?? '',
    password: user?.credentials[0]?.value ?? '',
  });
  const answer = await fetch(`${url}/login`, { method: 'POST', body });
  return ((await answer.json()) as { access_token: string }).access_token;
}

async function callTool(url: string, idp: DevIdp): Promise<void> {
  assert.equal((await fetch(url, { method: 'POST' })).status, 401);
  const token = await idp.issueToken({ username: 'ann', clientId: 'mcp-client', scope: 'notes:read' });
  const client = new Client({ name: 'test', version: '1.0.0' });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  const { content } = await client.callTool({ name: 'list-notes', arguments: {} });
  assert.deepEqual(content, [{ type: 'text', text: 'Notes of ann: buy tea' }]);
  await client.close();
}

/** With Chromium: to the sign-in page, a click on a user, back, and out again. */
export async function signInWithBrowser(
  {
    choice,
    url,
    pageUrl,
  }: Pick<Project, 'url' | 'pageUrl'> & { readonly choice: { readonly framework: string } },
  browser: Browser,
): Promise<void> {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  try {
    if (hasPage(choice)) {
      const deepLink = `${pageUrl}/orders/5?tab=1#part`;
      await page.goto(deepLink);
      await page.waitForSelector('#login');
      assert.equal(await page.isVisible('#logout'), false, 'nobody is signed in who could sign out');
      await page.click('#login');
      await page.click('#users button[value="ann"]');
      await page.waitForFunction("document.querySelector('#person')?.textContent === 'Signed in as ann'");
      assert.equal(page.url(), deepLink);
      assert.deepEqual([await page.isVisible('#login'), await page.isVisible('#logout')], [false, true]);
      await page.reload();
      await page.waitForFunction("document.querySelector('#person')?.textContent === 'Signed in as ann'");
      assert.equal(page.url(), deepLink);
      await page.click('#me');
      await page.waitForFunction(
        'document.querySelector(\'#answer\').textContent === \'200 {"hello":"ann"}\'',
      );
      await page.click('#admin');
      await page.waitForFunction("document.querySelector('#answer').textContent.startsWith('403')");
      return;
    }
    const path = choice.framework === 'service' ? '/auth/session' : '/me';
    await page.goto(
      choice.framework === 'service' ? `${url}/auth/login?return_to=/auth/session` : `${url}/me`,
    );
    await page.click('#users button[value="ann"]');
    await page.waitForURL(`${url}${path}`);
    assert.match((await page.textContent('body')) ?? '', /"ann"/);
    if (choice.framework !== 'service') {
      assert.equal((await page.goto(`${url}/admin`))?.status(), 403);
      // biome-ignore lint/performance/useDomNodeTextContent: what is in a script is not shown
      const shown = await page.innerText('body');
      assert.doesNotMatch(shown, /\b42\b/);
      if (choice.framework === 'next') assert.match(shown, /Not for you/);
    }
    assert.equal((await page.goto(`${url}/`))?.status(), 200);
    // Not any navigation: a page that comes alive may rewrite its own address.
    await Promise.all([page.waitForEvent('load'), page.click('form[action$="/auth/logout"] button')]);
    await page.goto(`${url}${path}`);
    assert.doesNotMatch((await page.textContent('body')) ?? '', /"ann"/);
    // The realm of the recipes has no administrator.
    if (choice.framework === 'service' || !isFrameworkName(choice.framework)) return;
    await page.goto(`${url}/`);
    await page.waitForSelector('a[href^="/auth/login"]');
    const signOut = await page.isVisible('form[action="/auth/logout"]');
    assert.equal(signOut, false, 'nobody is signed in who could sign out');
    await page.goto(`${url}/admin`);
    await page.click('#users button[value="ada"]');
    await page.waitForURL(`${url}/admin`);
    // biome-ignore lint/performance/useDomNodeTextContent: what is in a script is not shown
    assert.match(await page.innerText('body'), /\b42\b/);
  } finally {
    await context.close();
  }
}

/** Whether it is a page that calls an API. @param choice also of a recipe, which has none */
export const hasPage = ({ framework }: { readonly framework: string }): boolean =>
  isFrameworkName(framework) && frameworkOf(framework).hasPage === true;

export const hasBrowserLogin = (choice: Project['choice']): boolean =>
  choice.login === 'browser' || choice.framework === 'service' || hasPage(choice);
