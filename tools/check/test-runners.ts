// The programs of two pages, as a reader has them, from the packed packages, in folders of their own: docs/testing-your-app.md by each
// test runner, docs/users-table.md (examples/users-table) on Postgres in the process, with its types.
//
//   npm run test:runners                 once each
//   npm run test:runners -- --times 20   Playwright so often
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packAll } from '../release/pack.ts';
import { emptyProject, folder, install, root, run, runJest, write } from './package/project.ts';

const [, times = '1'] = /--times (\d+)/.exec(process.argv.join(' ')) ?? [];
const page = readFileSync(join(root, 'docs/testing-your-app.md'), 'utf8');
const programs = [...page.matchAll(/```js (\S+)\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => [
  name,
  text,
]);
const archives = packAll(join(folder, 'packed'));
const names = ['keycloak-guard', ...['testing', 'server', 'cli'].map((name) => `@keycloak-guard/${name}`)];
const own = names.map((name) => archives.get(name) ?? name);

try {
  const project = emptyProject('runners', {
    type: 'module',
    jest: { testMatch: ['**/jest.test.cjs'], transform: {} },
  });
  write(project, Object.fromEntries(programs));
  install(project, ...own, 'express', 'vitest', 'jest@30', '@playwright/test');
  const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const config = readFileSync(join(project, 'playwright.config.js'), 'utf8');
  const launch = `{ baseURL: 'http://localhost:3000', launchOptions: { executablePath: '${chromium}', args: ['--no-sandbox'] } }`;
  write(project, { 'playwright.config.js': config.replace("{ baseURL: 'http://localhost:3000' }", launch) });

  run(project, process.execPath, '--test', 'node.test.js');
  run(project, 'npx', '--no-install', 'vitest', 'run', 'vitest.test.js');
  runJest(project);
  process.stdout.write(run(project, 'npx', '--no-install', 'playwright', 'test', `--repeat-each=${times}`));

  const table = join(folder, 'users-table');
  cpSync(join(root, 'examples/users-table'), table, { recursive: true });
  install(table, ...own);
  run(table, 'npm', 'run', 'check');
  run(table, 'npm', 'test');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
