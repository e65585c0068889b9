// Makes every template as a person would, from the packed packages, and uses it: npm run test:create
//
//   npm run test:create -- express next    only these
//   npm run test:create -- --turn          a third of them, another one each day
//   npm run test:create -- --write         and writes the table of docs/create.md
//
// It installs from the registry, once for each framework.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { type Choice, findConflict } from '../../packages/create/src/choice.ts';
import { FRAMEWORK_NAMES, type FrameworkName } from '../../packages/create/src/frameworks.ts';
import { startDevIdp } from '../../packages/testing/src/index.ts';
import { launchChromium } from '../../test/support/chromium.ts';
import { packAll } from '../release/pack.ts';
import { run, start } from './create/program.ts';
import { addKeycloak, type Project, writeProject } from './create/project.ts';
import { expectGuarded, hasBrowserLogin, signInWithBrowser, signInWithToken } from './create/sign-in.ts';
import { type Check, type Result, toTable, writeTable } from './create/table.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const DAY_MS = 86_400_000;
const TURNS = 3;

const args = process.argv.slice(2);
const named = args.filter((arg) => !arg.startsWith('--'));
const turn = Math.floor(Date.now() / DAY_MS) % TURNS;
const frameworks = FRAMEWORK_NAMES.filter((name, at) =>
  named.length > 0 ? named.includes(name) : !args.includes('--turn') || at % TURNS === turn,
);
if (frameworks.length === 0) throw new Error(`no such template: ${named.join(', ')}`);

const folder = mkdtempSync(join(tmpdir(), 'create-'));
const packages = join(folder, 'packed');
/** As people get it. */
const tool = join(folder, 'tool');
const create = join(tool, 'node_modules/create-keycloak-guard/dist/main.js');
const results: Result[] = [];
try {
  const archive = packAll(packages).get('create-keycloak-guard') as string;
  mkdirSync(tool);
  writeFileSync(join(tool, 'package.json'), '{}');
  await run({ folder: tool, env: process.env }, 'npm', 'install', '--no-audit', '--no-fund', archive);
  const browser = await launchChromium();
  try {
    for (const framework of frameworks) await tryFramework(framework, browser);
  } finally {
    await browser.close();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${toTable(results)}`);
const others = FRAMEWORK_NAMES.filter((name) => !frameworks.includes(name));
if (others.length > 0) console.log(`\nNot this time: ${others.join(', ')}`);
if (args.includes('--write')) writeTable(root, results);
if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1;

async function tryFramework(framework: FrameworkName, browser: Browser): Promise<void> {
  const choices = (['ts', 'js'] as const).flatMap((language) =>
    (['bearer', 'browser'] as const).map((login) => ({
      ...{ name: framework, framework, login, language, tests: true, docker: true },
    })),
  );
  for (const choice of choices.filter((one) => findConflict(one) === undefined))
    results.push(await tryTemplate(choice, browser));
}

async function tryTemplate(choice: Choice, browser: Browser): Promise<Result> {
  const { framework, login, language } = choice;
  const project = await writeProject(choice, join(folder, framework), create, packages);
  const done: Partial<Record<Check, number>> = {};
  const failures: string[] = [];
  const look = async (name: Check, action: () => Promise<unknown>): Promise<void> => {
    // What follows a failed install says nothing.
    if (failures.some((failure) => failure.includes('install:'))) return;
    const began = performance.now();
    try {
      await action();
      done[name] = (performance.now() - began) / 1000;
    } catch (error) {
      failures.push(`${framework}, ${login}, ${language}: ${name}: ${(error as Error).stack}`);
    }
  };
  const npm = (...given: string[]) => run(project, 'npm', ...given);
  const { scripts } = project;
  if (!readdirSync(project.folder).includes('node_modules'))
    await look('install', () => npm('install', '--prefer-offline', '--no-audit', '--no-fund'));
  if (scripts.check) await look('types', () => npm('run', 'check'));
  await look('tests', () => npm('test'));
  if (scripts.build) await look('build', () => npm('run', 'build'));
  await look('start', () => useStarted(project, browser, look));
  await look('dev', () => useDev(project, browser, look));
  for (const failure of failures) console.error(failure);
  console.log(`${framework}, ${login}, ${language}: ${failures.length === 0 ? 'good' : 'FAILED'}`);
  return { choice, done, failures };
}

type Look = (name: Check, action: () => Promise<unknown>) => Promise<void>;

/** As in production: built, with settings in `.env`. The provider is here. */
async function useStarted(project: Project, browser: Browser, look: Look): Promise<void> {
  const { folder: cwd, choice, url } = project;
  const idp = await startDevIdp({ realmFile: join(cwd, 'realm.json'), host: 'localhost' });
  try {
    addKeycloak(cwd, idp.url);
    const app = await start(project, `${url}/`, 'npm', 'start');
    await look('token', () => signInWithToken(project, idp));
    if (choice.framework !== 'spa' && hasBrowserLogin(choice))
      await look('browser', () => signInWithBrowser(project, browser));
    await app.stop();
  } finally {
    await idp.close();
  }
}

/** As in development: one command starts the provider too. */
async function useDev(project: Project, browser: Browser, look: Look): Promise<void> {
  const { choice, url, pageUrl } = project;
  const app = await start(project, choice.framework === 'spa' ? pageUrl : `${url}/`, 'npm', 'run', 'dev');
  try {
    if (project.scripts.token) {
      const token = (await run(project, 'npm', 'run', '-s', 'token')).trim();
      await expectGuarded(`${url}${choice.framework === 'service' ? '/protected' : '/me'}`, token);
    }
    if (choice.framework === 'spa') await look('browser', () => signInWithBrowser(project, browser));
  } finally {
    await app.stop();
  }
}
