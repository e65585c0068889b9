import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadedFiles } from './loaded-files.ts';
import { emptyProject, install, run, write } from './project.ts';

/** The library with all that it brings, frameworks and Redis not counted: those are the application's own. */
const MOST_PACKAGES = 5;
const MOST_MEGABYTES = 1.7;
/** What an import may load, of files on the disk. */
const MOST_LOADED = {
  'keycloak-guard': { packages: 1, kibibytes: 103 },
  'keycloak-guard/express': { packages: 1, kibibytes: 150 },
  'keycloak-guard/fastify': { packages: 3, kibibytes: 200 },
} as const;

/** What `npm install keycloak-guard` brings, on the oldest Node.js that is supported, and what of it an import loads. */
export function checkWeight(archive: string): void {
  const project = emptyProject('weight');
  install(project, '--engine-strict', archive);
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { peer?: boolean }>;
  };
  const paths = Object.keys(packages).filter((path) => path !== '' && packages[path]?.peer !== true);
  const sizes = paths.map((path) => [path, sizeOf(join(project, path)) / 1e6] as const);
  const megabytes = sizes.reduce((sum, [, size]) => sum + size, 0);
  process.stdout.write(`${paths.length} packages, ${megabytes.toFixed(2)} MB\n`);
  for (const [path, size] of sizes) process.stdout.write(`  ${path} ${size.toFixed(2)} MB\n`);
  if (paths.length > MOST_PACKAGES || megabytes > MOST_MEGABYTES)
    throw new Error(`the library may bring ${MOST_PACKAGES} packages and ${MOST_MEGABYTES} MB`);

  for (const [path, most] of Object.entries(MOST_LOADED)) {
    const loaded = loadedFiles(`await import('${path}')`, project);
    const size = loaded.bytes / 1024;
    process.stdout.write(
      `import '${path}' loads ${loaded.files.length} files, ${size.toFixed(1)} KiB, of ${loaded.packages.join(', ')}\n`,
    );
    if (loaded.files.length === 0 || loaded.packages.length > most.packages || size > most.kibibytes)
      throw new Error(`'${path}' may load ${most.packages} packages and ${most.kibibytes} KiB`);
  }
}

function sizeOf(path: string): number {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((file) => statSync(join(path, file)))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0);
}

/** yarn 1 refuses what asks for a newer Node.js; pnpm hides what a package does not ask for itself. */
export function checkOtherManagers(archive: string): void {
  const add = { 'yarn@1': ['--no-progress', '--network-timeout', '300000'], 'pnpm@10': ['--engine-strict'] };
  for (const [manager, flags] of Object.entries(add)) {
    const project = emptyProject(manager.replace('@', '-'));
    // Each room that needs no framework of the application's.
    write(project, {
      'all.mjs': ['', '/client'].map((room) => `await import('keycloak-guard${room}');`).join('\n'),
      'all.cjs': ['', '/client'].map((room) => `require('keycloak-guard${room}');`).join('\n'),
    });
    run(project, 'npx', '-y', manager, 'add', ...flags, archive);
    run(project, 'node', 'all.mjs');
    run(project, 'node', 'all.cjs');
  }
  process.stdout.write('yarn 1 and pnpm install the library.\n');
}
