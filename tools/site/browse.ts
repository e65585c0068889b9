// The site in a browser: `tsx tools/site/main.ts browse`, after `npm run docs:build`.
//
// Every written page on a desktop, and some at the width of a phone and in the dark: no finding of axe, no request to another host,
// nothing wider than the window. Then the search: how long until the first hit is seen.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../../test/support/chromium.ts';

const TYPES: Readonly<Record<string, string>> = {
  ...{ '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' },
  ...{ '.png': 'image/png', '.json': 'application/json', '.md': 'text/markdown' },
};
const WIDTHS = [390, 1440];
/** One of each layout, looked at in each width and scheme. */
const EVERY = [
  'index.html',
  'start.html',
  'frameworks/express.html',
  'errors/token_audience.html',
  '404.html',
];

/** @throws if something is wrong, with everything that is */
export async function browseSite(dist: string, axeFile: string): Promise<void> {
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).map((file) =>
    file.replaceAll('\\', '/'),
  );
  // Pages of codes and of declarations are made by one function each: some stand for all.
  const made = /^(?:errors|api)\/(?!index|token_a|keycloak-guard-(?:express|testing)|keys_)/;
  const pages = files.filter((file) => file.endsWith('.html') && !made.test(file));
  const axe = readFileSync(axeFile, 'utf8');
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const names = [pathname, `${pathname}.html`, join(pathname, 'index.html'), '404.html'];
    const file = names
      .map((name) => join(dist, name))
      .find((one) => existsSync(one) && statSync(one).isFile());
    response.setHeader('content-type', TYPES[extname(file ?? '')] ?? 'text/plain');
    response.end(file && readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await launchChromium();
  const wrong: string[] = [];
  let looked = 0;
  try {
    for (const width of WIDTHS)
      for (const colorScheme of ['light', 'dark'] as const) {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
        const where = `${width} px, ${colorScheme}`;
        const isWhole = width === 1440 && colorScheme === 'light';
        for (const file of isWhole ? pages : EVERY) {
          const page = await open(
            context,
            `${origin}/${file.replace(/(^|\/)index\.html$|\.html$/, '$1')}`,
            (what) => wrong.push(`${file}, ${where}: ${what}`),
          );
          looked++;
          for (const what of await findings(page, axe)) wrong.push(`${file}, ${where}: ${what}`);
          await page.close();
        }
        const page = await open(context, `${origin}/start`, (what) =>
          wrong.push(`search, ${where}: ${what}`),
        );
        const ms = await search(page, 'token_audience');
        for (const what of await findings(page, axe)) wrong.push(`search, ${where}: ${what}`);
        process.stdout.write(`${where}: first hit of the search after ${ms} ms\n`);
        await context.close();
      }
  } finally {
    await browser.close();
    server.close();
  }
  if (wrong.length > 0) throw new Error(`${wrong.length} findings:\n${wrong.join('\n')}`);
  process.stdout.write(
    `${looked} looks at ${pages.length} pages: no finding of axe, no request to another host\n`,
  );
}

async function open(context: BrowserContext, url: string, report: (what: string) => void): Promise<Page> {
  const page = await context.newPage();
  page.on('pageerror', (error) => report(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith('data:'))
      report(request.url());
  });
  await page.goto(url, { waitUntil: 'load' });
  await page.waitForFunction(() => document.querySelector('main, [role="main"]') !== null);
  return page;
}

async function findings(page: Page, axe: string): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }> };
      }
    ).axe.run();
    const { scrollWidth } = document.documentElement;
    return [
      ...violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
      ),
      ...(scrollWidth > innerWidth ? [`wider than the window by ${scrollWidth - innerWidth} px`] : []),
    ];
  });
}

async function search(page: Page, words: string): Promise<number> {
  const begun = Date.now();
  await page.keyboard.press('Control+k');
  await page.locator('.VPLocalSearchBox input').fill(words);
  await page.locator('.VPLocalSearchBox .result').first().waitFor();
  return Date.now() - begun;
}
