// Makes every template as a person would, from the packed packages, and uses it: npm run test:create
//
//   npm run test:create -- express next    only these
//   npm run test:create -- --turn          a third of them, another one each day
//   npm run test:create -- --help          says which there are
//
// It installs from the registry, once for each framework. npm run test:recipes tries those of examples/recipes in the same way, also
// with --turn, and looks at each as a page of a sibling origin, a shared cache and a reader of the disk do.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { FRAMEWORK_NAMES, type FrameworkName } from '../../packages/create/src/frameworks.ts';
import { type Choice, findConflict, isFrameworkName } from '../../packages/create/src/options.ts';
import { startDevIdp } from '../../packages/testing/src/index.ts';
import { launchChromium } from '../../test/support/chromium.ts';
import { packAll } from '../release/pack.ts';
import { attempt, type Look } from './create/attempt.ts';
import { run, start } from './create/program.ts';
import { addKeycloak, type Project, writeProject } from './create/project.ts';
import { tryRecipe } from './create/recipe.ts';
import {
  expectGuarded,
  hasBrowserLogin,
  hasPage,
  signInWithBrowser,
  signInWithToken,
} from './create/sign-in.ts';
import { CHECKS, type Result, toTable } from './create/table.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const DAY_MS = 86_400_000;
const TURNS = 3;

const args = process.argv.slice(2);
const named = args.filter((arg) => !arg.startsWith('--'));
const turn = Math.floor(Date.now() / DAY_MS) % TURNS;
const RECIPES = join(root, 'examples/recipes');
const isForRecipes = args.includes('--recipes');
const ALL: readonly string[] = isForRecipes ? readdirSync(RECIPES) : FRAMEWORK_NAMES;
const chosen = ALL.filter((name, at) =>
  named.length > 0 ? named.includes(name) : !args.includes('--turn') || at % TURNS === turn,
);
const unknown = args.filter((arg) => !ALL.includes(arg) && !['--turn', '--recipes'].includes(arg));
if (unknown.length > 0) {
  console.log(`npm run test:create -- [--turn] [name …], of ${ALL.join(', ')}`);
  process.exit(unknown.includes('--help') ? 0 : 2);
}

const folder = mkdtempSync(join(tmpdir(), 'create-'));
const packages = join(folder, 'packed');
/** As people get it. */
const tool = join(folder, 'tool');
const create = join(tool, 'node_modules/create-keycloak-guard/dist/main.js');
const results: Result[] = [];
try {
  const archives = packAll(packages);
  const [archive, library] = ['create-keycloak-guard', 'keycloak-guard'].map(
    (name) => archives.get(name) ?? name,
  );
  mkdirSync(tool);
  writeFileSync(join(tool, 'package.json'), '{}');
  await run({ folder: tool, env: process.env }, 'npm', 'install', '--no-audit', '--no-fund', archive ?? '');
  const browser = await launchChromium();
  try {
    for (const name of chosen)
      if (isFrameworkName(name)) await tryFramework(name, browser);
      else results.push(await tryRecipe(name, RECIPES, join(folder, name), library ?? '', browser));
  } finally {
    await browser.close();
  }
  console.log(`\n${isForRecipes ? toTable(results, CHECKS) : toTable(results)}`);
  const others = ALL.filter((name) => !chosen.includes(name));
  if (others.length > 0) console.log(`\nNot this time: ${others.join(', ')}`);
  if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function tryFramework(framework: FrameworkName, browser: Browser): Promise<void> {
  const choices = (['ts', 'js'] as const).flatMap((language) =>
    (['bearer', 'browser'] as const).map((login) => ({
      ...{ name: framework, framework, login, language },
    })),
  );
  for (const choice of choices.filter((one) => findConflict(one) === undefined))
    results.push(await tryTemplate(choice, browser));
}

function tryTemplate(choice: Choice, browser: Browser): Promise<Result> {
  const { framework, login, language } = choice;
  return attempt([framework, login, language], async (look) => {
    const project = await writeProject(choice, join(folder, framework), create, packages);
    const npm = (...given: string[]) => run(project, 'npm', ...given);
    const { scripts } = project;
    if (!readdirSync(project.folder).includes('node_modules'))
      await look('install', () => npm('install', '--prefer-offline', '--no-audit', '--no-fund'));
    if (scripts.check) await look('types', () => npm('run', 'check'));
    await look('tests', () => npm('test'));
    if (scripts.build) await look('build', () => npm('run', 'build'));
    await look('start', () => useStarted(project, browser, look));
    await look('dev', () => useDev(project, browser, look));
  });
}

/** As in production: built, with settings in `.env`. The provider is here. */
async function useStarted(project: Project, browser: Browser, look: Look): Promise<void> {
  const { folder: cwd, choice, url } = project;
  const idp = await startDevIdp({ realmFile: join(cwd, 'realm.json'), host: 'localhost' });
  try {
    addKeycloak(cwd, idp.url);
    const app = await start(project, [`${url}/`], 'npm', 'start');
    await look('token', () => signInWithToken(project, idp));
    if (!hasPage(choice) && hasBrowserLogin(choice))
      await look('browser', () => signInWithBrowser(project, browser));
    await app.stop();
  } finally {
    await idp.close();
  }
}

/** As in development: one command starts the provider too. */
async function useDev(project: Project, browser: Browser, look: Look): Promise<void> {
  const { choice, url, pageUrl } = project;
  // One command, and each of its programs is ready when it is.
  const urls = [`${url}/`, ...(hasPage(choice) ? [pageUrl] : [])];
  const app = await start(project, urls, 'npm', 'run', 'dev');
  try {
    if (project.scripts.token) {
      const token = (await run(project, 'npm', 'run', '-s', 'token')).trim();
      await expectGuarded(`${url}${choice.framework === 'service' ? '/protected' : '/me'}`, token);
    }
    if (hasPage(choice)) await look('browser', () => signInWithBrowser(project, browser));
  } finally {
    await app.stop();
  }
}
