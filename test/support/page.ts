// Apart from chromium.ts, which programs that are no tests load as well: whoever names a hook of node:test prints its report.
import { after, type TestContext } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from './chromium.ts';

const browsers = new Map<string, Promise<Browser>>();
after(() => Promise.all([...browsers.values()].map(async (browser) => (await browser).close())));

/** A page with cookies of its own. All tests of a process with the same flags share the browser. */
export async function openPage(t: TestContext, ...flags: string[]): Promise<Page> {
  const key = flags.join(' ');
  const browser = browsers.get(key) ?? launchChromium(...flags);
  browsers.set(key, browser);
  const context = await (await browser).newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  return page;
}
