// Builds dist/ of every package: node tools/build.mjs [--no-check] [--source-maps]
//
// TypeScript writes programs and declarations. The library's programs are written by rolldown, from the same sources, as ES
// modules and as CommonJS: few files, without comments (those are in the declarations). In CommonJS the packages are
// bundled that exist as ES modules alone: Jest, and Node before 20.19, cannot require those. The server's programs are
// written by rolldown too: a process that finds and reads few files starts sooner.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { writeDeclarations } from './declarations.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const library = join(root, 'packages/guard');
const PACKAGES = ['guard', 'testing', 'server', 'cli'];
/** Rooms of which CommonJS gets a class. */
const CONSTRUCTORS = [['connect', 'Keycloak']];

const tsc = join(root, 'node_modules/typescript/bin/tsc');
const sourceMaps = process.argv.includes('--source-maps');
const flags = [
  ...(process.argv.includes('--no-check') ? ['--noCheck'] : []),
  ...(sourceMaps ? ['--sourceMap'] : []),
];
// Its declarations are written anew each time: what users get of them is another selection.
rmSync(join(library, 'dist/.tsbuildinfo'), { force: true });
execFileSync(process.execPath, [tsc, '-b', ...flags, ...PACKAGES.map((name) => `packages/${name}`)], {
  cwd: root,
  stdio: 'inherit',
});
await buildLibrary();
await buildServer();

async function buildLibrary() {
  const manifest = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8'));
  const rooms = Object.values(manifest.exports)
    .map((entry) => /^\.\/dist\/(.*)\.js$/.exec(entry.import?.default ?? '')?.[1])
    .filter((room) => room !== undefined);
  const input = Object.fromEntries(rooms.map((room) => [room, join(library, `src/${room}.ts`)]));
  // What an application brings itself has to be the application's own.
  const frameworks = Object.keys(manifest.peerDependencies);
  await write('esm', join(library, 'dist'), [...Object.keys(manifest.dependencies), ...frameworks]);
  const commonJs = join(library, 'dist/cjs');
  rmSync(commonJs, { recursive: true, force: true });
  await write('cjs', commonJs, frameworks);
  writeFileSync(join(commonJs, 'package.json'), '{ "type": "commonjs" }\n');
  const doors = rooms.map((room) => join(library, `dist/${room}.d.ts`));
  writeDeclarations(join(library, 'dist'), commonJs, doors);
  for (const [room, name] of CONSTRUCTORS) exportConstructor(join(commonJs, room), name);

  async function write(format, dir, packages) {
    const bundle = await rolldown({
      input,
      platform: 'node',
      external: (id) =>
        id.startsWith('node:') || packages.some((name) => id === name || id.startsWith(`${name}/`)),
      logLevel: 'warn',
    });
    await bundle.write({
      dir,
      format,
      exports: 'named',
      chunkFileNames: 'shared/[name].js',
      comments: false,
      // Names of functions stay where they can: they are what stands in a stack.
      minify: {
        compress: true,
        mangle: { toplevel: format === 'cjs' },
        codegen: { removeWhitespace: true },
      },
    });
    await bundle.close();
  }
}

/** Not minified: what an operator reads in a stack is the source. */
async function buildServer() {
  const server = join(root, 'packages/server');
  const bundle = await rolldown({
    input: { index: join(server, 'src/index.ts'), main: join(server, 'src/main.ts') },
    platform: 'node',
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    logLevel: 'warn',
  });
  // All in one folder: what is found beside the package's programs is found from each.
  const dir = join(server, 'dist');
  await bundle.write({ dir, format: 'esm', chunkFileNames: '[name].js', sourcemap: sourceMaps });
  await bundle.close();
}

/**
 * `require` gives the constructor itself, which has what else the room exports as its members: so applications have it that
 * exchange one word of a `require`.
 */
function exportConstructor(room, name) {
  const program = join(room, 'index.js');
  writeFileSync(program, `${readFileSync(program, 'utf8')}module.exports = exports.${name};\n`);
  const declaration = join(room, 'index.d.ts');
  const named = readFileSync(declaration, 'utf8');
  writeFileSync(join(room, 'exports.d.ts'), named);
  writeFileSync(declaration, `import { ${name} } from './exports.js';\nexport = ${name};\n`);
}
