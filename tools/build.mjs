// Builds dist/ of every package: node tools/build.mjs [--no-check] [--source-maps]
//
// TypeScript writes ES modules and declarations. The library is also written as CommonJS, with the packages bundled that
// exist as ES modules alone: Jest, and Node before 20.19, cannot require those.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const library = join(root, 'packages/guard');
const PACKAGES = ['guard', 'testing', 'server', 'cli'];

const tsc = join(root, 'node_modules/typescript/bin/tsc');
const sourceMaps = process.argv.includes('--source-maps');
const flags = [
  ...(process.argv.includes('--no-check') ? ['--noCheck'] : []),
  ...(sourceMaps ? ['--sourceMap'] : []),
];
execFileSync(process.execPath, [tsc, '-b', ...flags, ...PACKAGES.map((name) => `packages/${name}`)], {
  cwd: root,
  stdio: 'inherit',
});
await buildCommonJs();

async function buildCommonJs() {
  const { exports } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
  const rooms = Object.values(exports)
    .map((entry) => /^\.\/dist\/(.*)\.js$/.exec(entry.import?.default ?? '')?.[1])
    .filter((room) => room !== undefined);
  const folder = join(library, 'dist/cjs');
  rmSync(folder, { recursive: true, force: true });
  const bundle = await rolldown({
    input: Object.fromEntries(rooms.map((room) => [room, join(library, `dist/${room}.js`)])),
    platform: 'node',
    // What the application brings itself must stay the application's own.
    external: [/^node:/, /^fastify$/, /^@redis\/client$/],
    logLevel: 'warn',
  });
  await bundle.write({ dir: folder, format: 'cjs', exports: 'named', chunkFileNames: 'shared/[name].js' });
  await bundle.close();
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  copyDeclarations(join(library, 'dist'), folder);
}

/** The same declarations once more: TypeScript takes those beside `"type": "commonjs"` for CommonJS. */
function copyDeclarations(from, to) {
  for (const file of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (file.startsWith('cjs') || !file.endsWith('.d.ts')) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(from, file), join(to, file));
  }
}
