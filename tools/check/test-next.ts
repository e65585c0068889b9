// What Next makes of guards: npm run test:next [-- proxy | pages]
//
// Installs Next from the registry. Whether a route runs that the proxy did not decide on: an app gets targets byte for byte. Whether
// people get where the page of the documentation says: its files, in the app that `create` makes, with Chromium.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDevIdp } from '../../packages/testing/src/index.ts';
import { dataTargets, HEADER_TRICKS } from '../../test/one-reading/next-tricks.ts';
import { freePort } from '../../test/support/free-port.ts';
import { targetsFor } from '../../test/support/path-targets.ts';
import { sendTargets } from '../../test/support/send-targets.ts';
import { FRONTS, type Front, filesOf } from './next/app.ts';
import { openPages } from './next/pages.ts';
import { NEXT_REALM } from './next/realm.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, `node_modules/.cache/next-${process.pid}`);
const PACKAGES = ['next@16', 'react@19', 'react-dom@19', 'typescript@5', '@types/node@20', '@types/react@19'];
const NEXT = join(folder, 'node_modules/next/dist/bin/next');
const START_MS = 180_000;
const GENERATED = Number(process.env.GENERATED_TARGETS ?? 250);

execFileSync(process.execPath, [join(root, 'tools/build/built.mjs'), '--no-check'], { stdio: 'inherit' });
const idp = await startDevIdp({ realm: NEXT_REALM });
try {
  install();
  if (process.argv[2] !== 'pages')
    for (const front of FRONTS)
      await serve(
        filesOf(front),
        () => ({ KEYCLOAK_SERVER_URL: idp.url }),
        (port) => attack(front, port),
      );
  if (process.argv[2] !== 'proxy') await tryPages();
} finally {
  await idp.close();
  rmSync(folder, { recursive: true, force: true });
}

async function tryPages(): Promise<void> {
  const pages = await openPages(root);
  try {
    await serve(pages.files, pages.toEnv, pages.walkThrough);
  } finally {
    await pages.close();
  }
}

function install(): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...PACKAGES], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const guard = join(folder, 'node_modules/keycloak-guard');
  cpSync(join(root, 'packages/guard/dist'), join(guard, 'dist'), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, 'packages/guard/package.json'), 'utf8'));
  writeFileSync(join(guard, 'package.json'), toPublished(manifest));
  const require = createRequire(join(root, 'packages/guard/package.json'));
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const from = dirname(require.resolve(`${name}/package.json`));
    cpSync(from, join(folder, 'node_modules', name), { recursive: true });
  }
}

/** Without the condition that resolves to the sources. */
function toPublished(manifest: object): string {
  return JSON.stringify(manifest, (key, value) => (key === '@keycloak-guard/source' ? undefined : value));
}

/** Builds an app, without its variables, and starts it. */
async function serve(
  files: Readonly<Record<string, string>>,
  toEnv: (port: number) => Record<string, string>,
  use: (port: number) => Promise<void>,
): Promise<void> {
  for (const name of ['app', 'lib', 'pages', '.next', 'next.config.mjs', 'next.config.ts', 'tsconfig.json'])
    rmSync(join(folder, name), { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };
  execFileSync(process.execPath, [NEXT, 'build'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const port = await freePort();
  const server = spawn(process.execPath, [NEXT, 'start', '--port', String(port)], {
    cwd: folder,
    env: { ...env, ...toEnv(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    await whenListening(server, `http://127.0.0.1:${port}/public`);
    await use(port);
  } finally {
    server.kill('SIGKILL');
  }
}

async function attack({ name }: Front, port: number): Promise<void> {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((username) => idp.issueToken({ username })));
  const ran = async (targets: readonly string[], token: string, headers = {}) =>
    (await sendTargets(port, targets, token, headers))
      .filter(({ body }) => body.includes('ran:admin'))
      .map(({ target }) => target);
  const buildId = readFileSync(join(folder, '.next/BUILD_ID'), 'utf8');
  const ways = [
    '/admin',
    '/admin/x',
    '/admin/props',
    '/admin/page-of/7',
    `/_next/data/${buildId}/admin/props.json`,
  ];
  // The run could not fail otherwise.
  assert.deepEqual(new Set(await ran(ways, alice as string)), new Set(ways), 'alice may see everything');
  const targets = [...targetsFor('admin', GENERATED), ...dataTargets(buildId)];
  const through = await ran(targets, bob as string);
  for (const headers of HEADER_TRICKS) {
    const some = await ran([...ways, '/public/x', '/orders/7'], bob as string, headers);
    through.push(...some.map((target) => `${target} with ${JSON.stringify(headers)}`));
  }
  const { version } = JSON.parse(readFileSync(join(folder, 'node_modules/next/package.json'), 'utf8'));
  const count = targets.length + HEADER_TRICKS.length * (ways.length + 2);
  console.log(`Next ${version}, ${name}: ${count} targets, ${through.length} through`);
  assert.deepEqual(through, [], 'a route ran that was not decided on');
}

async function whenListening(child: ChildProcess, url: string): Promise<void> {
  const until = performance.now() + START_MS;
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error('Next ended');
    const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) }).catch(() => undefined);
    if (answer !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Next does not answer after ${START_MS} ms`);
}
