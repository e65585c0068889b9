import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { type DevIdp, type DevIdpOptions, startDevIdp } from '../../packages/testing/src/index.ts';
import { reachOnly } from '../support/chromium.ts';
import { openPage } from '../support/page.ts';

export interface Stage {
  readonly idp: DevIdp;
  readonly page: Page;
  readonly app: string;
  /** What the library warns of, and what the browser refused. */
  readonly said: string[];
}

export interface FrontEnd {
  /** Module of the library, which the page has as `/library.js`. */
  readonly library: string;
  /** The page, wherever it is asked for. */
  toPage(idp: DevIdp): string;
  readonly options?: DevIdpOptions;
  /** Paths to which Keycloak may send people back. Default: all. */
  readonly redirectUris?: readonly string[];
}

/** A front end that has one library, the provider, and a browser that reaches nothing else. */
export async function setUpFrontEnd(
  t: TestContext,
  { library, toPage, options, redirectUris = ['/*'] }: FrontEnd,
): Promise<Stage> {
  const idp = await startDevIdp({ host: 'localhost', ...options });
  const program = await readFile(fileURLToPath(library), 'utf8');
  const server = createServer(({ url }, response) => {
    if (url === '/library.js') return response.setHeader('content-type', 'text/javascript').end(program);
    response.setHeader('content-type', 'text/html');
    if (url !== '/silent-check-sso.html') return response.end(toPage(idp));
    return response.end('<!doctype html><script>parent.postMessage(location.href, location.origin)</script>');
  });
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  const app = `http://localhost:${(server.address() as AddressInfo).port}`;
  idp.updateClient('web-app', {
    redirectUris: redirectUris.map((path) => app + path),
    webOrigins: ['+'],
  });
  const page = await openPage(t, reachOnly('localhost', '127.0.0.1'));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await idp.close();
  });
  const said: string[] = [];
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type())) said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(error.message));
  return { idp, page, app, said };
}

export const titled = (page: Page, title: string) =>
  page.waitForFunction((wanted) => document.title === wanted, title);

export async function signIn(page: Page): Promise<void> {
  await page.fill('#username', 'abdullah');
  await page.fill('#password', 'Test#123456');
  await page.click('#kc-login');
}
