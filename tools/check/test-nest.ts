// Runs the tests of Nest on its other versions: npm run test:nest [-- 10 12 | --turn: one of them, the other the next day]
//
// The repository has the one in the middle. Each other version is installed in a folder of its own, and the sources, which
// are the same, get theirs from there.
//
// With --original: shows what nest-keycloak-connect lets in, and what the drop-in does there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TYPESCRIPT_ANYWHERE } from '../run/typescript.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGES = [
  ...['common', 'core', 'platform-express', 'platform-fastify', 'testing'],
  ...['websockets', 'platform-ws', 'platform-socket.io', 'microservices'],
];
/** What is not of Nest's own numbering. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  10: [
    ...['@nestjs/graphql@12', '@nestjs/apollo@12', '@apollo/server@4', 'graphql@16', '@nestjs/swagger@8'],
    ...['@nestjs/mercurius@12', 'mercurius@14', '@apollo/subgraph@2'],
  ],
  12: [
    '@nestjs/graphql@14',
    '@nestjs/apollo@14',
    '@apollo/server@5',
    'graphql@16',
    '@as-integrations/express5',
    '@nestjs/swagger@12',
    ...['@nestjs/mercurius@14', 'mercurius@16', '@apollo/subgraph@2'],
  ],
};

function run(command: string, args: readonly string[], cwd: string, env: object = {}): void {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`${command} ${args.slice(0, 2).join(' ')} failed`);
}

/** @returns the folder */
function install(name: string, packages: readonly string[]): string {
  const folder = join(root, 'node_modules/.cache', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true }));
  run('npm', ['install', '--no-audit', '--no-fund', ...packages], folder);
  return folder;
}

const HOOK = `--import=${new URL('nest-version.mjs', import.meta.url)}`;

function testVersion(version: string): void {
  const folder = install(`nest-${version}`, [
    ...['reflect-metadata@0.2', 'rxjs@7', 'ws@8'],
    ...PACKAGES.map((name) => `@nestjs/${name}@${version}`),
    ...(OTHERS[version] ?? []),
  ]);
  run(process.execPath, ['tools/check/test.mjs', 'nest', 'connect/nest', HOOK], root, {
    NEST_FOLDER: folder,
    NEST_VERSION: version,
  });
}

/** nest-keycloak-connect's last stable release, and what it wants beside it. It refuses Nest 11. */
const ORIGINAL = [
  ...['nest-keycloak-connect@1.10.1', 'keycloak-connect@26.1.1', '--legacy-peer-deps'],
  ...['@nestjs/common@10', '@nestjs/core@10', '@nestjs/platform-express@10'],
  ...['@nestjs/graphql@12', 'graphql@16', 'reflect-metadata@0.2', 'rxjs@7'],
];

/** @throws Error where the drop-in has a hole, or the original does not have one that is said to be there */
function compareWithOriginal(): void {
  const NEST_FOLDER = install('nest-original', ORIGINAL);
  const original = findHoles([HOOK], { NEST_FOLDER });
  const dropIn = findHoles([], {});
  const word = (isOpen: boolean | undefined) => (isOpen ? 'open' : 'closed');
  const rows = Object.entries(original).map(([hole, isOpen]) => [hole, word(isOpen), word(dropIn[hole])]);
  for (const [hole = '', ...cells] of [['', 'original', 'drop-in'], ...rows]) {
    process.stdout.write(`${hole.padEnd(52)}${cells.map((cell) => cell.padEnd(10)).join('')}`.trimEnd());
    process.stdout.write('\n');
  }
  if (rows.length === 0 || rows.some(([, before, now]) => before !== 'open' || now !== 'closed')) {
    throw new Error('Not as expected: each has to be open in the original, and closed in the drop-in');
  }
}

function findHoles(preload: readonly string[], env: object): Record<string, boolean> {
  const { stdout, status } = spawnSync(
    process.execPath,
    [...TYPESCRIPT_ANYWHERE, ...preload, 'test/connect/nest/holes.ts'],
    {
      ...{ cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: 120_000 },
      env: { ...process.env, ...env, NODE_ENV: 'test' },
    },
  );
  if (status !== 0) throw new Error('test/connect/nest/holes.ts failed');
  return JSON.parse(stdout) as Record<string, boolean>;
}

const wanted = process.argv.slice(2);
const ALL = ['10', '12'];
const versions = wanted.filter((one) => /^\d/.test(one));
if (wanted.includes('--original')) compareWithOriginal();
else if (wanted.includes('--turn'))
  testVersion(ALL[Math.floor(Date.now() / 86_400_000) % ALL.length] as string);
else for (const version of versions.length > 0 ? versions : ALL) testVersion(version);
