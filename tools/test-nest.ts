// Runs the tests of Nest on its other versions: npm run test:nest [-- 10 12]
//
// The repository has the one in the middle. Each other version is installed in a folder of its own, and the sources, which
// are the same, get theirs from there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TSX } from './typescript.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const PACKAGES = [
  ...['common', 'core', 'platform-express', 'platform-fastify', 'testing'],
  ...['websockets', 'platform-ws', 'platform-socket.io', 'microservices'],
];
/** What is not of Nest's own numbering. */
const GRAPHQL: Readonly<Record<string, readonly string[]>> = {
  10: ['@nestjs/graphql@12', '@nestjs/apollo@12', '@apollo/server@4', 'graphql@16'],
  12: [
    '@nestjs/graphql@14',
    '@nestjs/apollo@14',
    '@apollo/server@5',
    'graphql@16',
    '@as-integrations/express5',
  ],
};

function run(command: string, args: readonly string[], cwd: string, env: object = {}): void {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`${command} ${args.slice(0, 2).join(' ')} failed`);
}

const wanted = process.argv.slice(2);
for (const version of wanted.length > 0 ? wanted : ['10', '12']) {
  const folder = join(root, 'node_modules/.cache', `nest-${version}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: `nest-${version}`, private: true }));
  run(
    'npm',
    [
      ...['install', '--no-audit', '--no-fund', 'reflect-metadata@0.2', 'rxjs@7', 'ws@8'],
      ...PACKAGES.map((name) => `@nestjs/${name}@${version}`),
      ...(GRAPHQL[version] ?? []),
    ],
    folder,
  );
  const tests = readdirSync(join(root, 'test/nest')).filter((file) => file.endsWith('.test.ts'));
  run(
    process.execPath,
    [
      ...[...TSX, '--import', new URL('nest-version.mjs', import.meta.url).href, '--test'],
      ...tests.map((file) => `test/nest/${file}`),
    ],
    root,
    { NEST_FOLDER: folder, NEST_VERSION: version, NODE_ENV: 'test' },
  );
}
