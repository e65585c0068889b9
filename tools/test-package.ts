// Packs the packages, installs them in empty folders, and uses every documented import there: npm run test:package
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documentedImports } from './documents.ts';
import { type Manifest, PACKAGES, packAll } from './pack.ts';
import { productionPackages } from './production-packages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'package-'));
const manifests = PACKAGES.map(
  (name) => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest,
);
const LIBRARY = 'keycloak-guard';
/** The library with all that it brings, frameworks and Redis not counted: those are the application's own. */
const MOST_PACKAGES = 5;
const MOST_MEGABYTES = 1.5;

function run(cwd: string, command: string, ...args: string[]): string {
  process.stdout.write(`$ ${command} ${args.join(' ')}\n`);
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function emptyProject(name: string, manifest: object = {}): string {
  const project = join(folder, name);
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name, private: true, ...manifest }));
  return project;
}

/** Import paths of the library that hold code, for example `keycloak-guard/client`. */
const rooms = Object.keys(manifests[0]?.exports ?? {})
  .filter((path) => !path.endsWith('.json'))
  .map((path) => `${LIBRARY}${path.slice(1)}`);

function checkFiles(archives: ReadonlyMap<string, string>): void {
  for (const { name, files } of manifests) {
    const archive = archives.get(name) as string;
    const expected = [...files, 'package.json', 'README.md', 'CHANGELOG.md', 'LICENSE'];
    const stray = run(folder, 'tar', 'tzf', archive)
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''))
      .filter((path) => !expected.some((one) => path === one || path.startsWith(`${one}/`)));
    if (stray.length > 0) throw new Error(`${name}: not meant to be published: ${stray.join(', ')}`);
    process.stdout.write(run(root, 'npx', '--no-install', 'publint', '--strict', archive));
  }
}

/** Types as every resolution finds them, that of `module: commonjs` without `exports` too. */
function checkTypes(archives: ReadonlyMap<string, string>): void {
  const attw = (name: string, profile: string) =>
    run(
      root,
      ...(['npx', '--no-install', 'attw', '--profile', profile, '--format', 'ascii'] as const),
      archives.get(name) as string,
    );
  process.stdout.write(attw(LIBRARY, 'strict'));
  for (const name of ['@keycloak-guard/testing', '@keycloak-guard/server'])
    process.stdout.write(attw(name, 'esm-only'));
}

/** What `npm install keycloak-guard` brings, on the oldest Node.js that is supported. */
function checkWeight(archive: string): void {
  const project = emptyProject('weight');
  run(project, 'npm', 'install', '--no-audit', '--no-fund', '--engine-strict', archive);
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { peer?: boolean }>;
  };
  const names = Object.keys(packages).filter((path) => path !== '' && packages[path]?.peer !== true);
  const bytes = names.reduce((sum, path) => sum + sizeOf(join(project, path)), 0);
  const megabytes = bytes / 1e6;
  process.stdout.write(`${names.length} packages, ${megabytes.toFixed(2)} MB: ${names.join(', ')}\n`);
  for (const path of names)
    process.stdout.write(`  ${path} ${(sizeOf(join(project, path)) / 1e6).toFixed(2)} MB\n`);
  if (names.length > MOST_PACKAGES || megabytes > MOST_MEGABYTES)
    throw new Error(`the library may bring ${MOST_PACKAGES} packages and ${MOST_MEGABYTES} MB`);
}

function sizeOf(path: string): number {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((file) => statSync(join(path, file)))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0);
}

/** What the documents import: TypeScript finds each name, and Node does. */
function checkDocumentedImports(project: string): void {
  const imports = manifests.flatMap(({ name }) => documentedImports(name));
  if (imports.length === 0) throw new Error('no document imports anything');
  imports.forEach((text, i) => {
    writeFileSync(join(project, `import-${i}.ts`), `${text}\n`);
    writeFileSync(join(project, `import-${i}.mjs`), `${text.replace(/\btype \w+,? ?/g, '')}\n`);
  });
  const all = imports.map((_, i) => `import './import-${i}.mjs';`).join('\n');
  writeFileSync(join(project, 'documented.mjs'), `${all}\n`);
  compile(project, { module: 'NodeNext' }, 'import-*.ts');
  run(project, 'node', 'documented.mjs');
  process.stdout.write(`${imports.length} import lines of the documents work.\n`);
}

function compile(project: string, options: object, include: string): void {
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        ...{ target: 'ES2023', strict: true, noEmit: true, skipLibCheck: true },
        ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
        ...options,
      },
      include: [include],
    }),
  );
  run(root, 'npx', '--no-install', 'tsc', '-p', project);
}

/** Each room by `import` and by `require`; from TypeScript that writes CommonJS; from Jest, which has a loader of its own. */
function checkBothKinds(archive: string): void {
  const project = emptyProject('kinds');
  run(project, 'npm', 'install', '--no-audit', '--no-fund', archive, 'fastify', '@redis/client', 'jest');
  const name = (room: string) => room.replace(/\W/g, '_');
  const esm = rooms.map(
    (room) => `if (Object.keys(await import('${room}')).length === 0) throw new Error('${room}');`,
  );
  writeFileSync(join(project, 'all.mjs'), esm.join('\n'));
  run(project, 'node', 'all.mjs');
  const cjs = rooms.map(
    (room) => `if (Object.keys(require('${room}')).length === 0) throw new Error('${room}');`,
  );
  writeFileSync(join(project, 'all.cjs'), cjs.join('\n'));
  // As Node did before it could require ES modules: what is CommonJS needs no such help.
  run(project, 'node', '--no-experimental-require-module', 'all.cjs');
  const typed = rooms.map((room) => `import * as ${name(room)} from '${room}';\nconsole.log(${name(room)});`);
  writeFileSync(join(project, 'typed.cts'), typed.join('\n'));
  for (const module of ['Node16', 'Node18', 'NodeNext']) compile(project, { module }, 'typed.cts');
  writeFileSync(join(project, 'typed.ts'), typed.join('\n'));
  for (const moduleResolution of ['Bundler', 'Node16']) {
    const module = moduleResolution === 'Bundler' ? 'ESNext' : 'Node16';
    compile(project, { module, moduleResolution }, 'typed.ts');
  }
  const cases = rooms.map(
    (room) => `test('${room}', () => expect(Object.keys(require('${room}')).length).toBeGreaterThan(0));`,
  );
  const identity = `test('an error is known by the class of the same copy', () => {
  const { AuthError, createVerifier, isAuthError } = require('${LIBRARY}');
  expect(() => createVerifier({})).toThrow('serverUrl');
  expect(isAuthError(new AuthError('missing_token', ''))).toBe(true);
});`;
  writeFileSync(join(project, 'all.test.js'), [...cases, identity].join('\n'));
  run(project, 'npx', '--no-install', 'jest');
  process.stdout.write(`${rooms.length} rooms by import, by require, from TypeScript, and from Jest.\n`);
}

/** The bill of materials names every package of the lockfile that users get, with its licence and its digest. */
function checkBillOfMaterials(): void {
  const { components } = JSON.parse(run(root, 'npm', 'run', '--silent', 'sbom')) as {
    components: { name: string; version: string; purl?: string; licenses?: unknown[] }[];
  };
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const missing = productionPackages().filter(({ name, version }) => !listed.has(`${name}@${version}`));
  const bare = components.filter(({ purl, licenses = [] }) => purl === undefined || licenses.length === 0);
  if (missing.length + bare.length > 0)
    throw new Error(`npm run sbom lacks ${[...missing, ...bare].map(({ name }) => name).join(', ')}`);
  process.stdout.write(`The bill of materials lists ${components.length} packages.\n`);
}

try {
  const archives = packAll(join(folder, 'archives'));
  checkFiles(archives);
  checkTypes(archives);
  checkWeight(archives.get(LIBRARY) as string);
  checkBothKinds(archives.get(LIBRARY) as string);
  const everything = emptyProject('everything', { type: 'module' });
  run(everything, 'npm', 'install', '--no-audit', '--no-fund', ...archives.values());
  checkDocumentedImports(everything);
  checkBillOfMaterials();
  const version = run(everything, 'npx', '--no-install', 'keycloak-guard', '--version').trim();
  if (version !== manifests[0]?.version) throw new Error(`--version says ${version}`);
  process.stdout.write('The packages work in empty folders, and so does the command line.\n');
} catch (error) {
  const { stdout, message } = error as { stdout?: string; message: string };
  process.stderr.write(`${stdout ?? ''}${message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
