import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { compose } from '../../../packages/create/src/compose.ts';
import { startDevIdp } from '../../../packages/testing/src/index.ts';
import { launchChromium, reachOnly } from '../../../test/support/chromium.ts';
import { codeBlocks } from '../../docs/documents.ts';

const PATIENCE_MS = 60_000;
const SESSION_SECRET = 'of-these-tests-0123456789abcdefgh';
/** They stand in the app already, with other settings. */
const OTHERS = ['lib/keycloak.ts', 'next.config.ts'];

/** What the page of the documentation leaves to the reader: who calls what is on it. */
const OWN: Readonly<Record<string, string>> = {
  'next.config.ts': `import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
const root = dirname(fileURLToPath(import.meta.url));
export default { turbopack: { root }, outputFileTracingRoot: root, experimental: { authInterrupts: true } };
`,
  'proxy.ts': `import type { NextRequest } from 'next/server';
import { proxy as handOn } from '@/lib/proxy-1';
import { proxy as decide } from '@/lib/proxy-2';
export const proxy = (request: NextRequest) =>
  request.nextUrl.pathname === '/api/orders' ? handOn(request) : decide(request);
export const config = { matcher: ['/private/:path*', '/api/orders'] };
`,
  'app/try/actions.ts': `'use server';
import { action } from '@/lib/pages';
export const whoami = async () => (await action()).username;
export const administer = async () => (await action({ realmRole: 'admin' })).username;
export async function send() {
  await action({ realmRole: 'admin' });
}
`,
  'app/try/buttons.tsx': `'use client';
import Link from 'next/link';
import { useState, useTransition } from 'react';
import { order } from '../orders/actions';
import { administer, send, whoami } from './actions';
export function Buttons() {
  const [said, say] = useState<string | null>('');
  const [, start] = useTransition();
  return (
    <>
      <p id="said">{said}</p>
      <button id="whoami" onClick={() => start(async () => say(await whoami()))}>Who am I?</button>
      <button id="administer" onClick={() => start(async () => say(await administer()))}>Administer</button>
      <form action={order}><input name="item" defaultValue="tea" /><button id="order">Order</button></form>
      <form action={send}><button id="send">Send</button></form>
      <Link id="orders" href="/orders" prefetch={false}>Orders</Link>
      <Link id="private" href="/private" prefetch={false}>Private</Link>
    </>
  );
}
`,
  'app/try/page.tsx': `import { Buttons } from './buttons';
export default () => <Buttons />;
`,
  'app/try/ours/page.tsx': `import { headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { kc } from '@/lib/keycloak';
const { page } = kc.pages({ headers, redirect });
export default async function Ours() {
  await page('/try/ours', { realmRole: 'admin' });
  return <p>ran</p>;
}
`,
  'app/private/page.tsx': `import { page } from '@/lib/pages';
import { Buttons } from '../try/buttons';
export default async function Private() {
  await page('/private');
  return <Buttons />;
}
`,
};

/** The app that `create` makes, with all files of the documentation. */
function filesOf(root: string): Record<string, string> {
  const templates = join(root, 'packages/create/dist/templates');
  const choice = { name: 'my-app', framework: 'next', login: 'browser', language: 'ts' } as const;
  const app = compose(choice, { templates, own: () => '', random: () => 'for-tests' });
  const files = Object.fromEntries([...app].filter(([path]) => !/^(package\.json$|test\/)/.test(path)));
  let proxies = 0;
  for (const { text } of codeBlocks('docs/frameworks/next.md')) {
    const [, path] = /^\/\/ ([\w./[\]-]+\.tsx?)\b/.exec(text) ?? [];
    if (path === undefined || OTHERS.includes(path)) continue;
    if (path === 'proxy.ts') proxies += 1;
    files[path === 'proxy.ts' ? `lib/proxy-${proxies}.ts` : path] = text;
  }
  assert.equal(proxies, 2);
  return { ...files, ...OWN };
}

/** The app, and what people do in it. */
export async function openPages(root: string) {
  const files = filesOf(root);
  const idp = await startDevIdp({ realm: JSON.parse(files['realm.json'] as string), host: 'localhost' });
  const calls: { method: string | undefined; headers: IncomingHttpHeaders }[] = [];
  const orders = createServer(({ method, headers }, response) => {
    calls.push({ method, headers });
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ orderedBy: nameIn(headers) }));
  });
  await new Promise<void>((done) => orders.listen(0, 'localhost', done));
  const ordersUrl = `http://localhost:${(orders.address() as AddressInfo).port}/orders`;
  const browser = await launchChromium(reachOnly('localhost'));

  return {
    files,
    toEnv: (port: number) => ({
      ...{ KEYCLOAK_SERVER_URL: idp.url, KEYCLOAK_REALM: idp.realm, KEYCLOAK_CLIENT_ID: 'my-app' },
      ...{ KEYCLOAK_CLIENT_SECRET: 'for-tests', SESSION_SECRET, ORDERS_URL: ordersUrl },
      PUBLIC_URL: `http://localhost:${port}`,
    }),
    async walkThrough(port: number): Promise<void> {
      const url = `http://localhost:${port}`;
      idp.updateClient('my-app', { secret: 'for-tests', redirectUris: [`${url}/*`] });
      const open = async (options = {}) => {
        const context = await browser.newContext(options);
        context.setDefaultTimeout(PATIENCE_MS);
        return { context, page: await context.newPage() };
      };
      const ann = await open();
      await asPerson(ann.page, url);
      await callingAnApi(ann.page, url, calls);
      await whenTheSessionIsGone(ann.context, ann.page, url);
      await withoutScripts((await open({ javaScriptEnabled: false })).page, url);
      await asAdministrator((await open()).page, url);
      console.log('Next, pages: the files of docs/frameworks/next.md lead people where it says');
    },
    async close(): Promise<void> {
      await browser.close();
      orders.close();
      await idp.close();
    },
  };
}

function nameIn({ authorization = '' }: IncomingHttpHeaders): string {
  const [, payload = ''] = authorization.replace(/^Bearer /, '').split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}').preferred_username;
}

// biome-ignore lint/performance/useDomNodeTextContent: what is in a script is not shown
const shown = (page: Page): Promise<string> => page.innerText('body');
const says = (page: Page, text: string) =>
  page.waitForFunction((wanted) => document.querySelector('#said')?.textContent === wanted, text);
const isForbidden = (page: Page) => page.getByRole('heading', { name: 'Not for you' }).waitFor();

async function asPerson(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/admin`);
  await page.click('#users button[value="ann"]');
  await page.waitForURL(`${url}/admin`);
  await isForbidden(page);
  assert.equal((await page.reload())?.status(), 403);
  const refused = await page.goto(`${url}/try/ours`);
  assert.deepEqual([refused?.status(), page.url()], [403, `${url}/auth/refused`]);
  assert.match(await shown(page), /You are signed in as .*This page is not open to you/);
  await page.goto(`${url}/try`);
  await page.click('#whoami');
  await says(page, 'ann');
  await page.click('#administer');
  await isForbidden(page);
}

async function callingAnApi(
  page: Page,
  url: string,
  calls: { method: string | undefined; headers: IncomingHttpHeaders }[],
): Promise<void> {
  for (const path of ['/orders', '/my-orders', '/api/orders']) {
    assert.equal((await page.goto(url + path))?.status(), 200, path);
    assert.match(await shown(page), /\{"orderedBy":"ann"\}/, path);
  }
  await page.goto(`${url}/try`);
  const done = page.waitForResponse((answer) => answer.request().method() === 'POST');
  await page.click('#order');
  assert.equal((await done).status(), 200);
  assert.deepEqual(
    calls.map(({ method, headers }) => [method, nameIn(headers), headers.cookie]),
    ['GET', 'GET', 'GET', 'POST'].map((method) => [method, 'ann', undefined]),
  );
}

/** Keycloak still knows the person, so the way leads there and back without a form. */
async function whenTheSessionIsGone(context: BrowserContext, page: Page, url: string): Promise<void> {
  const from = async (path: string, click: string, to: string) => {
    await page.goto(url + path);
    await context.clearCookies({ name: 'session-my-app' });
    const returned = page.waitForResponse((answer) => answer.url().includes('/auth/callback'));
    // Where the way leads back to the page that it began on, the address alone does not say that it is over.
    const loaded = page.waitForEvent('load');
    await page.click(click);
    await returned;
    await loaded;
    await page.waitForURL(url + to);
  };
  await from('/try', '#orders', '/orders');
  await page.getByText('{"orderedBy":"ann"}').waitFor();
  await from('/try', '#private', '/private');
  await from('/try?tab=1', '#whoami', '/try?tab=1');
  await from('/try?tab=1', '#order', '/try?tab=1');
  await from('/private', '#whoami', '/private');
  await page.click('#whoami');
  await says(page, 'ann');
}

async function withoutScripts(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/try?tab=1`);
  await page.click('#send');
  await page.click('#users button[value="ann"]');
  await page.waitForURL(`${url}/try?tab=1`);
  await page.click('#send');
  await page.waitForURL(`${url}/auth/refused`);
  assert.match(await shown(page), /This page is not open to you/);
}

async function asAdministrator(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/admin`);
  await page.click('#users button[value="ada"]');
  await page.getByText('For administrators, such as ada').waitFor();
  await page.goto(`${url}/try`);
  await page.click('#administer');
  await says(page, 'ada');
}
