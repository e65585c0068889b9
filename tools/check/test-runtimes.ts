// Runs the same app on every runtime, and looks at it over sockets: npm run test:runtimes
//
//   npm run test:runtimes -- Bun Deno      only these
//   npm run test:runtimes -- --write       and writes the table of docs/install.md
//
// Runtimes that are not there are fetched by npx.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DevIdp, startDevIdp } from '../../packages/testing/src/index.ts';
import { CHECKS } from '../../test/runtimes/checks.ts';
import { freePort } from '../../test/support/free-port.ts';
import { bundle } from './runtimes/bundle.ts';
import { findProgram, RUNTIMES, type Runtime, run } from './runtimes/runtimes.ts';
import { type Result, toTable, writeTable } from './runtimes/table.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, `node_modules/.cache/runtimes-${process.pid}`);
const ADAPTERS = ['fetch', 'hono'] as const;
/** They wait more than they work: until the application has learnt what Keycloak did not tell it. */
const AT_A_TIME = 4;
const START_MS = 120_000;
const CHECK_MS = 120_000;

const args = process.argv.slice(2);
const wanted = args.filter((arg) => !arg.startsWith('--')).map((arg) => arg.toLowerCase());
const runtimes = RUNTIMES.filter(
  ({ name }) => wanted.length === 0 || wanted.some((one) => name.toLowerCase().includes(one)),
);

execFileSync(process.execPath, [join(root, 'tools/build/built.mjs'), '--no-check'], { stdio: 'inherit' });
mkdirSync(folder, { recursive: true });
const results: Result[] = [];
const left = runtimes.entries();
try {
  const files = new Map<string, string>();
  for (const entry of new Set(runtimes.map((one) => one.entry)))
    files.set(entry, await bundle(root, entry, folder));
  const next = async () => {
    for (const [at, runtime] of left) results[at] = await tryOn(runtime, files.get(runtime.entry) as string);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${toTable(results)}`);
if (args.includes('--write')) writeTable(root, results);
if (results.some(({ failures }) => failures.length > 0)) process.exitCode = 1;

async function tryOn(runtime: Runtime, file: string): Promise<Result> {
  const began = performance.now();
  const failures: string[] = [];
  const passed: Record<string, number> = {};
  const idp = await startDevIdp({ realmFile: join(root, 'packages/testing/testing-realm.json') });
  let version = '';
  try {
    const program = await findProgram(runtime);
    const { stdout } = await run(program, ['--version'], { timeout: 120_000 });
    version = /\d+\.\d+[\w.-]*|\d{4}-\d\d-\d\d/.exec(stdout)?.[0] ?? '';
    for (const adapter of ADAPTERS) {
      // Each finds the app as it was started.
      const app = await start(program, runtime, file, idp);
      try {
        passed[adapter] = await check(
          { url: `${app.url}/${adapter}`, idp },
          `${runtime.name}, ${adapter}`,
          failures,
        );
      } finally {
        await app.stop();
      }
    }
  } catch (error) {
    failures.push(`${runtime.name}: ${(error as Error).message}`);
  } finally {
    await idp.close();
  }
  for (const failure of failures) console.error(failure);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`${runtime.name} ${version}: ${failures.length === 0 ? 'good' : 'FAILED'} (${seconds} s)`);
  return { runtime, version, passed, failures };
}

async function check(
  running: { url: string; idp: DevIdp },
  where: string,
  failures: string[],
): Promise<number> {
  let passed = 0;
  for (const [title, look] of Object.entries(CHECKS)) {
    const timer = new AbortController();
    const late = new Promise<never>((_resolve, reject) => {
      const id = setTimeout(() => reject(new Error(`took longer than ${CHECK_MS} ms`)), CHECK_MS);
      timer.signal.addEventListener('abort', () => clearTimeout(id));
    });
    try {
      await Promise.race([look(running), late]);
      passed++;
    } catch (error) {
      failures.push(`${where}: ${title}: ${(error as Error).stack}`);
    } finally {
      timer.abort();
      running.idp.answerNormally();
    }
  }
  return passed;
}

async function start(
  program: string,
  runtime: Runtime,
  file: string,
  idp: DevIdp,
): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const env = { KEYCLOAK_SERVER_URL: idp.url, PORT: String(port) };
  const child = spawn(program, runtime.args(file, port, env), {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  const url = `http://127.0.0.1:${port}`;
  try {
    await whenListening(child, `${url}/fetch/open`);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${(error as Error).message}\n${said}`);
  }
  return {
    url,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function whenListening(child: ChildProcess, url: string): Promise<void> {
  const until = performance.now() + START_MS;
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error('the program ended');
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`does not answer after ${START_MS} ms`);
}
