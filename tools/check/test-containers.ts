// Builds the image and runs the compose files, as they are, on a real Docker Engine: npm run test:containers
//
// The engine is made for it, of Debian's packages, beside whatever runs here, and is gone afterwards: see
// containers/docker-engine.sh. `-- scale` runs one file of test/containers/. This needs Linux, root and debootstrap; elsewhere it is skipped. What it makes of images, which takes
// longest, stays in ~/.cache/keycloak-guard/containers.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, findDistribution } from '../run/keycloak/distribution.ts';
import { TYPESCRIPT } from '../run/typescript.mjs';
import { baseImage } from './containers/images.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('containers', import.meta.url));
const folder = join(cacheFolder(), 'containers');
const started = Date.now();
/** Code of docker-engine.sh where it cannot run here. */
const CANNOT = 69;

const reason = reasonToSkip();
if (reason !== undefined) skip(reason);
else process.exitCode = await run();

/** Of this machine, in one sentence; `undefined` where containers can be run. */
function reasonToSkip(): string | undefined {
  if (process.platform !== 'linux') return 'Containers are run on Linux alone.';
  if (process.getuid?.() !== 0) return 'Containers need root.';
  if (!existsSync('/dev/net/tun')) return 'There is no /dev/net/tun for the network of containers.';
  const canRun = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
  if (!canRun('debootstrap', '--version'))
    return 'debootstrap is not installed: apt-get install debootstrap.';
  if (!canRun('unshare', '--mount', '--pid', '--net', '--fork', 'true'))
    return 'This machine lets nobody make namespaces.';
  return undefined;
}

function skip(sentence: string): void {
  console.log(`${sentence}\n\n0 passed, 0 failed, 1 skipped`);
}

async function run(): Promise<number> {
  progress('Node and Keycloak for the stand-ins of images');
  provideForStandIns('node', (to, version) => {
    const packages = [`node-linux-${process.arch}@${version}`, 'npm@11'];
    execFileSync('npm', ['install', '--global', '--no-audit', '--prefix', to, ...packages], {
      stdio: 'pipe',
    });
  });
  provideForStandIns('keycloak', (to, version) => {
    cpSync(findDistribution(version).home, to, { recursive: true, preserveTimestamps: true });
  });
  progress('a Docker Engine');
  const reporter = fileURLToPath(new URL('reporters/progress.mjs', import.meta.url));
  const test = ['--test', '--test-concurrency=1', `--test-reporter=${reporter}`, ...testFiles()];
  const child = spawn(
    'bash',
    [join(here, 'docker-engine.sh'), folder, process.execPath, ...TYPESCRIPT, ...test],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'pipe'],
      env: { ...process.env, CONTAINERS_STARTED: `${started}` },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill());
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    said = `${said}${text}`.slice(-1_000);
  });
  const [code] = await once(child, 'close');
  if (code !== CANNOT) return code ?? 1;
  skip(said.trimEnd().split('\n').at(-1) ?? '');
  return 0;
}

/** Makes a folder that stand-ins.Dockerfile copies into an image, unless an earlier run did. */
function provideForStandIns(stage: string, make: (to: string, version: string) => void): void {
  const { version } = baseImage(stage);
  const to = join(folder, 'shared', `${stage}-${version}`);
  if (existsSync(to)) return;
  mkdirSync(join(to, '..'), { recursive: true });
  const unfinished = `${to}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  make(unfinished, version);
  renameSync(unfinished, to);
}

function testFiles(): string[] {
  const tests = join(root, 'test', 'containers');
  const wanted = process.argv.slice(2);
  return readdirSync(tests)
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => wanted.length === 0 || wanted.some((name) => file.startsWith(name)))
    .map((file) => join(tests, file));
}

function progress(line: string): void {
  console.log(`${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s  ${line} …`);
}
