// Draws the pictures of docs/examples.md, and of the sign-in page, from real runs on the embedded provider: npm run docs:pictures [-- NAME …]
//
// Terminals are drawn as SVG, pages are taken with Chromium. No token, time or path of this machine is in them, so a second run draws the
// same; builds use what is in assets/. It installs templates of create-keycloak-guard from the registry.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type FrameworkName, frameworkOf } from '../../packages/create/src/frameworks.ts';
import { launchChromium } from '../../test/support/chromium.ts';
import { freePort } from '../../test/support/free-port.ts';
import { inheritedEnv, type Place, run, start } from '../check/create/program.ts';
import { writeProject } from '../check/create/project.ts';
import { packAll } from '../release/pack.ts';
import { ROOT } from '../site/pages.ts';
import { drawTerminal, type Step } from './terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'pictures-'));
let packages: string | undefined;
const SIZE = { width: 760, height: 120 };
const MOST_LINES = 12;

/** Each writes `assets/example-<its name>.svg` or `.png`. */
const PICTURES: Readonly<Record<string, () => Promise<string | Buffer>>> = {
  ...Object.fromEntries(
    ['express', 'fastify', 'hono', 'koa', 'hapi', 'node', 'fetch', 'mcp'].map((name) => [
      name,
      () => drawExample(name),
    ]),
  ),
  next: () => drawTests('examples/next/app.test.ts'),
  documents: () => drawTests('examples/documents/documents.test.ts'),
  tenants: () => drawTests('examples/tenants/app.test.ts'),
  calling: () =>
    withExample('calling', async (url) =>
      takePage(url, async (page) => {
        await signInAs(page, 'anna');
        await page.waitForURL(`${url}/`);
      }),
    ),
  'sign-in': () =>
    withExample('express', (url) => takePage(`${url}/orders`, (page) => page.waitForSelector('#username'))),
  service: async () => {
    const [idpPort, port] = [String(await freePort()), String(await freePort())];
    const env = { ...inheritedEnv(), PORT: port, KEYCLOAK_PORT: idpPort, XDG_CACHE_HOME: folder };
    const url = `http://localhost:${port}`;
    const service = await start({ folder: ROOT, env }, [url], 'npm', 'start');
    try {
      return await takePage(url, async (page) => {
        await page.getByRole('link', { name: 'Sign in with Keycloak' }).click();
        await signInAs(page, 'abdullah');
        await page.getByText('Signed in as abdullah.').waitFor();
      });
    } finally {
      await service.stop();
    }
  },
  'create-express': () => takeTemplate('express', (page) => page.waitForSelector('form')),
  'create-spa': () =>
    takeTemplate('spa', async (page) => {
      await page.click('#login');
      await page.click('#users button[value="ann"]');
      await page.click('#me');
      await page.waitForFunction("document.querySelector('#answer').textContent.startsWith('200')");
    }),
};

/** Runs `npm run example -- NAME` while `use` goes on, with ports and a cache of its own. */
async function withExample<T>(
  name: string,
  use: (url: string, place: Place, printed: string) => Promise<T>,
): Promise<T> {
  const [port, idpPort] = [String(await freePort()), String(await freePort())];
  const env = { ...inheritedEnv(), PORT: port, IDP_PORT: idpPort, XDG_CACHE_HOME: folder };
  const [place, url] = [{ folder: ROOT, env }, `http://localhost:${port}`];
  const app = await start(place, [url], 'npm', 'run', '-s', 'example', '--', name);
  try {
    return await use(url, place, app.stdout());
  } finally {
    await app.stop();
  }
}

/** The commands that the example prints, tried. */
const drawExample = (name: string): Promise<string> =>
  withExample(name, async (_url, place, printed) => {
    const [first = '', ...commands] = printed.trim().split('\n');
    const script = commands.map((command) => `${command}; printf '\\0'`).join('\n');
    const outputs = (await run(place, 'bash', '-c', script)).split('\0');
    const steps = commands.map((command, at) => ({ command: command.trim(), output: outputs[at] ?? '' }));
    return drawTerminal(
      `${name}: commands and answers`,
      [{ command: `npm run example -- ${name}`, output: first }, ...steps].map(({ command, output }) => ({
        command: asUsual(command, place),
        output: asUsual(output, place),
      })),
    );
  });

/** With the ports that people have, and without ids. */
const asUsual = (text: string, { env }: Place): string =>
  text
    .replaceAll(String(env.PORT), '3000')
    .replaceAll(String(env.IDP_PORT), '8080')
    .replaceAll('127.0.0.1', 'localhost')
    .replaceAll('\r', '')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '…');

/** The titles of its tests, as node:test reports them. */
async function drawTests(file: string): Promise<string> {
  const command = ['tsx', '--conditions=@keycloak-guard/source', '--test', '--test-reporter=spec', file];
  const output = await run({ folder: ROOT, env: inheritedEnv() }, 'npx', ...command);
  const lines = output
    .split('\n')
    .filter((line) => /[✔✖▶]/.test(line))
    .map((line) => line.replace(/ \([\d.]+ms\)/, ''));
  const shown = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES - 1), '  …'] : lines;
  const step: Step = { command: `npx ${command.join(' ')}`, output: shown.join('\n') };
  return drawTerminal(`${file}: what its tests say`, [step]);
}

async function takePage(url: string, use: (page: Page) => Promise<unknown>): Promise<Buffer> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: SIZE });
    await page.goto(url);
    await use(page);
    return await page.screenshot({ fullPage: true });
  } finally {
    await browser.close();
  }
}

async function signInAs(page: Page, username: string): Promise<void> {
  await page.fill('#username', username);
  await page.fill('#password', 'Test#123456');
  await page.click('#kc-login');
}

/** A template, written and installed as a person does, in development. */
async function takeTemplate(
  framework: FrameworkName,
  use: (page: Page) => Promise<unknown>,
): Promise<Buffer> {
  if (packages === undefined) {
    packages = join(folder, 'packed');
    packAll(packages);
  }
  const isPage = frameworkOf(framework).hasPage === true;
  const login = isPage ? 'bearer' : 'browser';
  const choice = { name: 'my-app', framework, login, language: 'ts' } as const;
  const create = join(ROOT, 'packages/create/dist/main.js');
  const project = await writeProject(choice, join(folder, 'my-app'), create, packages);
  await run(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund');
  const url = isPage ? project.pageUrl : project.url;
  const app = await start(project, [url], 'npm', 'run', 'dev');
  try {
    return await takePage(url, use);
  } finally {
    await app.stop();
    rmSync(project.folder, { recursive: true });
  }
}

const names = process.argv.slice(2);
try {
  for (const name of names.length > 0 ? names : Object.keys(PICTURES)) {
    const picture = await PICTURES[name]?.();
    if (picture === undefined)
      throw new Error(`there is no picture ${name}: ${Object.keys(PICTURES).join(', ')}`);
    const file = `assets/example-${name}.${typeof picture === 'string' ? 'svg' : 'png'}`;
    writeFileSync(join(ROOT, file), picture);
    console.log(file);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
