// Builds dist/ of every package: node tools/build/build.mjs [--no-check] [--source-maps]
//
// TypeScript writes programs and declarations. The programs of the library, and of what replaces the old adapters on it, are written
// by rolldown, from the same sources, as ES modules and as CommonJS: few files, without comments (those are in the declarations). In CommonJS the packages are
// bundled that exist as ES modules alone: Jest, and Node before 20.19, cannot require those. The programs of the server and of
// the command line are written by rolldown too: a process that finds and reads few files starts sooner.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { transform } from 'esbuild';
import { rolldown } from 'rolldown';
import { writeDeclarations } from './declarations.mjs';
import { buildTemplates } from './templates.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const library = join(root, 'packages/guard');
const successors = join(root, 'packages/connect');
const provider = join(root, 'packages/testing');
const PACKAGES = ['guard', 'connect', 'testing', 'server', 'cli', 'create'];
/** Packages of the server, all of them CommonJS, that are loaded before it listens. */
const REQUIRED = /^(?:fastify|pino|@fastify\/[^/]+)$/;
/** Unit: characters. */
const LONGEST_LINE = 240;
/** As rolldown writes it. Names of two letters at most are those of its own files, which nobody else imports. */
const GETTER =
  /Object\.defineProperty\(exports, "([\w$]{1,2})", \{\s*enumerable: !0,\s*get: function\(\) \{\s*return ([\w$]+);\s*\}\s*\}\)/g;
const MARK = '\0required:';
const ROOM = 'room:';

const tsc = join(root, 'node_modules/typescript/bin/tsc');
const sourceMaps = process.argv.includes('--source-maps');
const flags = [
  ...(process.argv.includes('--no-check') ? ['--noCheck'] : []),
  ...(sourceMaps ? ['--sourceMap'] : []),
];
// Their declarations are written anew each time: what users get of them is another selection.
for (const folder of [library, successors, provider])
  rmSync(join(folder, 'dist/.tsbuildinfo'), { force: true });
const projects = [...PACKAGES.map((name) => `packages/${name}`), 'packages/cli/tsconfig.public.json'];
execFileSync(process.execPath, [tsc, '-b', ...flags, ...projects], {
  cwd: root,
  stdio: 'inherit',
});
await buildLibrary(library);
await buildLibrary(successors);
exportConstructor(join(successors, 'dist/cjs'), 'Keycloak');
await buildMigrate();
await buildProvider();
await buildServer();
await buildCommands();
const templates = join(root, 'packages/create/templates');
// The image is built without them.
if (existsSync(templates)) await buildTemplates(templates, join(root, 'packages/create/dist/templates'));

async function buildLibrary(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const dist = join(folder, 'dist');
  const rooms = Object.values(manifest.exports)
    .map((entry) => /^\.\/dist\/(.*)\.js$/.exec(entry.import?.default ?? '')?.[1])
    .filter((room) => room !== undefined);
  const input = Object.fromEntries(rooms.map((room) => [room, `${ROOM}${room}`]));
  // What an application brings itself has to be the application's own.
  const frameworks = Object.keys(manifest.peerDependencies);
  await write('esm', dist, [...Object.keys(manifest.dependencies ?? {}), ...frameworks]);
  const commonJs = join(dist, 'cjs');
  rmSync(commonJs, { recursive: true, force: true });
  await write('cjs', commonJs, frameworks);
  writeFileSync(join(commonJs, 'package.json'), '{ "type": "commonjs" }\n');
  writeDeclarations(
    dist,
    commonJs,
    rooms.map((room) => join(dist, `${room}.d.ts`)),
  );

  async function write(format, dir, packages) {
    const bundle = await rolldown({
      input,
      plugins: [entriesOf(folder)],
      platform: 'node',
      external: (id) =>
        id.startsWith('node:') || packages.some((name) => id === name || id.startsWith(`${name}/`)),
      logLevel: 'warn',
    });
    const draft = (await bundle.generate({ format, exports: 'named' })).output;
    const { output } = await bundle.write({
      dir,
      format,
      codeSplitting: { groups: groupsOf(draft, rooms) },
      exports: 'named',
      chunkFileNames: 'shared/[name].js',
      generatedCode: { symbols: false },
      comments: false,
      // Names of functions stay where they can: they are what stands in a stack.
      minify: {
        compress: true,
        mangle: { toplevel: format === 'cjs', keepNames: { function: false, class: true } },
        codegen: { removeWhitespace: false },
      },
    });
    await bundle.close();
    await Promise.all(output.map(({ fileName }) => breakLines(join(dir, fileName))));
  }
}

/**
 * An entry only passes on what its room exports. If the room were the entry itself, who imports one name of it would load all that
 * it exports.
 */
function entriesOf(folder) {
  return {
    name: 'entries',
    resolveId: (id) => (id.startsWith(ROOM) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${ROOM}`)) return undefined;
      const file = join(folder, `src/${id.slice(ROOM.length + 1)}.ts`);
      const hasDefault = /\bas default\b/.test(readFileSync(file, 'utf8'));
      const from = JSON.stringify(file);
      return `export * from ${from};${hasDefault ? `export { default } from ${from};` : ''}`;
    },
  };
}

/** All that most adapters load is in two files, one of which `core` loads too: many small files would import names from each other. */
function groupsOf(output, rooms) {
  const files = new Map(output.map((one) => [one.fileName, one]));
  const loadedBy = (room) => {
    const seen = new Set();
    const visit = (name) => {
      const file = files.get(name);
      if (file === undefined || seen.has(file)) return;
      seen.add(file);
      file.imports.forEach(visit);
    };
    visit(`${room}.js`);
    return new Set([...seen].flatMap(({ modules }) => Object.keys(modules)));
  };
  const adapters = rooms.filter((room) => room.startsWith('adapters/')).map(loadedBy);
  if (adapters.length === 0) return [];
  const core = loadedBy('core/index');
  // Those on Node's servers are most of them.
  const isOfMost = (id) => adapters.filter((loaded) => loaded.has(id)).length > adapters.length / 2;
  return [
    { name: 'core', test: (id) => core.has(id) && isOfMost(id) },
    { name: 'engine', test: (id) => !core.has(id) && isOfMost(id) },
  ];
}

/**
 * Removes spaces, writes `!0` for `true`, and breaks lines. Before the message of an error that nothing caught, Node prints the line of the program that
 * threw it: with one line for each file that was 73 KB, and log collectors cut off the message.
 */
async function breakLines(file) {
  const { code } = await transform(shortenGetters(readFileSync(file, 'utf8')), {
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: LONGEST_LINE,
    charset: 'utf8',
    target: 'node20',
  });
  writeFileSync(file, code);
}

/** What CommonJS files share, each of them writes with 80 characters a name: a function does the same, for all names at once. */
function shortenGetters(code) {
  const short = code.replace(GETTER, '__live({ $1: () => $2 })').replace(/ \}\),\s*__live\(\{/g, ',');
  const live =
    'function __live(all) { for (const name in all) Object.defineProperty(exports, name, { enumerable: true, get: all[name] }); }';
  return short === code ? code : `${short}\n${live}\n`;
}

/**
 * The provider for CommonJS, which Jest knows alone: one file, beside the ES modules, because it looks from there for the realm
 * of the package. Not minified: it is for development.
 */
async function buildProvider() {
  const { dependencies } = JSON.parse(readFileSync(join(provider, 'package.json'), 'utf8'));
  const packages = Object.keys(dependencies).filter((name) => name !== 'jose');
  const bundle = await rolldown({
    input: join(provider, 'src/index.ts'),
    platform: 'node',
    external: (id) => id.startsWith('node:') || packages.some((name) => id === name),
    logLevel: 'warn',
  });
  const dist = join(provider, 'dist');
  await bundle.write({
    file: join(dist, 'index.cjs'),
    format: 'cjs',
    exports: 'named',
    dynamicImportInCjs: false,
  });
  await bundle.close();
  const commonJs = join(dist, 'cjs');
  rmSync(commonJs, { recursive: true, force: true });
  writeDeclarations(dist, commonJs, [join(dist, 'index.d.ts')]);
  writeFileSync(join(commonJs, 'package.json'), '{ "type": "commonjs" }\n');
}

/**
 * Twice. Programs that embed the service share the library with it. The service as it runs holds what it uses of the library: Node
 * finds, reads and links one file instead of fifty, which was a third of what the start took more than that of an empty
 * Fastify.
 */
async function buildServer() {
  const server = join(root, 'packages/server');
  const source = (file) => join(server, 'src', file);
  // All in one folder: what is found beside the package's programs is found from each.
  const dir = join(server, 'dist');
  const plugins = [requireCommonJs(source(''))];
  const embedded = { index: source('index.ts'), config: source('config/index.ts') };
  await writePrograms({ input: embedded, dir, plugins });
  // With all that it imports.
  const atStart = { name: 'start', test: (id) => id === source('run.ts') };
  await writePrograms({
    ...{ input: { main: source('main.ts'), run: source('run.ts') }, dir, plugins },
    included: /^keycloak-guard(?:\/|$)/,
    output: { chunkFileNames: 'run-[name].js', codeSplitting: { groups: [atStart] } },
  });
}

/** Each command with what it alone needs in a file of its own. It holds the few functions that it has of the library's core. */
async function buildCommands() {
  const dir = join(root, 'packages/cli/dist');
  const source = (file) => join(root, 'packages/cli/src', file);
  const input = { main: source('main.ts'), index: source('index.ts') };
  await writePrograms({ input, dir, included: /^keycloak-guard\/unstable$/ });
}

/**
 * One program, with the parts of the command line and the packages that it uses: an application depends on none of them. Their
 * licences go along.
 */
async function buildMigrate() {
  const dir = join(successors, 'dist/migrate');
  rmSync(dir, { recursive: true, force: true });
  const files = await writePrograms({
    input: { main: join(successors, 'src/migrate/main.ts') },
    dir,
    included: /^(?!node:|keycloak-guard(?:\/client|\/unstable\/\w+)?$)/,
  });
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  const licences = [...new Set(folders.filter(Boolean))].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    return `${name} ${version}, ${license}\n\n${file ? readFileSync(join(folder, file), 'utf8') : ''}`;
  });
  writeFileSync(join(dir, 'LICENSES.txt'), licences.join('\n\n'));
}

/** Not minified: what an operator reads in a stack is the source. @param included packages that become a part of it; @returns the files of which it was made */
async function writePrograms({ input, dir, included = /^$/, plugins = [], output = {} }) {
  const bundle = await rolldown({
    input,
    platform: 'node',
    resolve: { conditionNames: ['@keycloak-guard/source', 'node', 'import'] },
    plugins,
    // So that nothing reads what a required package has and nobody uses.
    treeshake: { propertyReadSideEffects: false },
    external: (id) =>
      !(
        id.startsWith('.') ||
        isAbsolute(id) ||
        REQUIRED.test(id) ||
        id.startsWith(MARK) ||
        included.test(id)
      ),
    logLevel: 'warn',
  });
  const always = { dir, format: 'esm', chunkFileNames: '[name].js', comments: false, sourcemap: sourceMaps };
  const { output: chunks } = await bundle.write({ ...always, ...output });
  await bundle.close();
  for (const { fileName } of chunks) toOneByteCharacters(join(dir, fileName));
  return chunks.flatMap(({ moduleIds = [] }) => moduleIds);
}

/** With one `…` in it, V8 keeps all of a program in memory with two bytes for each character. */
function toOneByteCharacters(file) {
  const toEscape = (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;
  writeFileSync(file, readFileSync(file, 'utf8').replace(/[^\0-\xff]/g, toEscape));
}

/**
 * Leaves packages out of the program, and has those of CommonJS required: of one that is imported, Node looks for the names of
 * its exports in the text of its files, before it loads them. That was a fifth of the start.
 */
function requireCommonJs(from) {
  const require = createRequire(from);
  return {
    name: 'require-common-js',
    resolveId(id, _importer, { kind }) {
      if (!REQUIRED.test(id)) return null;
      return kind === 'import-statement' ? `${MARK}${id}` : { id, external: true };
    },
    load(id) {
      if (!id.startsWith(MARK)) return null;
      const name = id.slice(MARK.length);
      const exported = require(name);
      if (types.isModuleNamespaceObject(exported)) throw new Error(`${name} is an ES module: import it`);
      const names = Object.keys(exported).filter((key) => /^[a-z_$][\w$]*$/i.test(key) && key !== 'default');
      return [
        "import { createRequire } from 'node:module';",
        `const exported = createRequire(import.meta.url)('${name}');`,
        'export default exported;',
        ...names.map((key) => `export const ${key} = exported.${key};`),
      ].join('\n');
    },
  };
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
