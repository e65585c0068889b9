import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADAPTERS } from '../../docs/adapters.ts';

/** What applications of the adapters bring themselves; that of Fastify comes with the library's other packages. */
export const FRAMEWORKS: readonly string[] = ADAPTERS.filter(({ page }) => page !== 'fastify').flatMap(
  ({ room }) => room?.install ?? [],
);

export const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Everything that `npm run test:package` makes is in here. */
export const folder = mkdtempSync(join(tmpdir(), 'package-'));

export function run(cwd: string, command: string, ...args: string[]): string {
  process.stdout.write(`$ ${command} ${args.join(' ')}\n`);
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** An empty project, outside of this repository: nothing that is installed here is found from there. */
export function emptyProject(name: string, manifest: object = {}): string {
  const project = join(folder, name);
  mkdirSync(project, { recursive: true });
  write(project, { 'package.json': JSON.stringify({ name, private: true, ...manifest }) });
  return project;
}

export function write(project: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), text);
  }
}

/** Runs the tests of a project. Jest's five seconds for one are too few where the machine has other work. */
export function runJest(project: string, ...args: string[]): void {
  run(project, 'npx', '--no-install', 'jest', '--testTimeout=60000', ...args);
}

export function install(project: string, ...packages: string[]): void {
  run(project, 'npm', 'install', '--no-audit', '--no-fund', ...packages.map(withVersion));
}

const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, { version?: string } | undefined>>;
};

/** As in this repository, where nothing else is said: a release of somebody else fails no change of ours. */
function withVersion(name: string): string {
  const version = locked[`node_modules/${name}`]?.version;
  return version === undefined ? name : `${name}@${version}`;
}
