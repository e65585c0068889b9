// Packs the packages, installs them in empty folders, and uses every documented import there: npm run test:package
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { documentedImports } from '../docs/documents.ts';
import { type Manifest, PACKAGES, packAll } from '../release/pack.ts';
import { productionPackages } from '../release/production-packages.ts';
import { checkHandlers } from './package/handlers.ts';
import { checkJest } from './package/jest.ts';
import { checkKinds, compile } from './package/kinds.ts';
import { checkNest } from './package/nest.ts';
import { checkOldApp } from './package/old-app.ts';
import { emptyProject, FRAMEWORKS, folder, install, root, run, write } from './package/project.ts';
import { checkOtherManagers, checkWeight } from './package/weight.ts';

const manifests = PACKAGES.map(
  (name) => JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest,
);
const LIBRARY = 'keycloak-guard';
const SUCCESSORS = '@keycloak-guard/connect';

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
    process.stdout.write(run(root, 'npx', '-y', 'publint@0.3.25', '--strict', archive));
  }
}

/** Types as every resolution finds them, that of `module: commonjs` without `exports` too. */
function checkTypes(archives: ReadonlyMap<string, string>): void {
  const attw = (name: string, profile: string) =>
    run(
      root,
      ...(['npx', '-y', '@arethetypeswrong/cli@0.18.5', '--profile', profile, '--format', 'ascii'] as const),
      archives.get(name) as string,
    );
  for (const name of [LIBRARY, SUCCESSORS, '@keycloak-guard/testing'])
    process.stdout.write(attw(name, 'strict'));
  process.stdout.write(attw('@keycloak-guard/server', 'esm-only'));
}

/** What the documents import: TypeScript finds each name, and Node does. */
function checkDocumentedImports(project: string): void {
  const imports = manifests.flatMap(({ name }) => documentedImports(name));
  if (imports.length === 0) throw new Error('no document imports anything');
  const files = imports.map((_, i) => `import-${i}`);
  imports.forEach((text, i) => {
    write(project, {
      [`${files[i]}.ts`]: `${text}\n`,
      [`${files[i]}.mjs`]: `${withoutTypes(text)}\n`,
    });
  });
  write(project, { 'documented.mjs': files.map((file) => `import './${file}.mjs';\n`).join('') });
  compile(
    project,
    { module: 'NodeNext' },
    files.map((file) => `${file}.ts`),
  );
  run(project, 'node', 'documented.mjs');
  process.stdout.write(`${imports.length} import lines of the documents work.\n`);
}

/** Types are not there when it runs; the module is. */
function withoutTypes(text: string): string {
  return text.replace(/^import type [\s\S]*? from /, 'import ').replace(/\btype \w+,? ?/g, '');
}

/** The bill of materials names every package of the lockfile that users get, with its licence and its digest. */
function checkBillOfMaterials(): void {
  const { components } = JSON.parse(run(root, 'npx', 'tsx', 'tools/release/sbom.ts')) as {
    components: { name: string; version: string; purl?: string; licenses?: unknown[] }[];
  };
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const missing = productionPackages().filter(({ name, version }) => !listed.has(`${name}@${version}`));
  const bare = components.filter(({ purl, licenses = [] }) => purl === undefined || licenses.length === 0);
  if (missing.length + bare.length > 0)
    throw new Error(
      `npx tsx tools/release/sbom.ts lacks ${[...missing, ...bare].map(({ name }) => name).join(', ')}`,
    );
  process.stdout.write(`The bill of materials lists ${components.length} packages.\n`);
}

try {
  const archives = packAll(join(folder, 'archives'));
  checkFiles(archives);
  checkTypes(archives);
  const library = archives.get(LIBRARY) as string;
  checkWeight(library);
  checkOtherManagers(library);
  checkKinds(library, rooms);
  checkHandlers(library);
  checkOldApp(library, archives.get(SUCCESSORS) as string);
  const testing = archives.get('@keycloak-guard/testing') as string;
  checkJest(testing);
  checkNest(library, archives.get(SUCCESSORS) as string, testing);
  const everything = emptyProject('everything', { type: 'module' });
  install(everything, ...archives.values(), ...FRAMEWORKS);
  checkDocumentedImports(everything);
  checkBillOfMaterials();
  const version = run(everything, 'npx', '--no-install', 'keycloak-guard', '--version').trim();
  if (version !== manifests[0]?.version) throw new Error(`--version says ${version}`);
  run(everything, 'npx', '--no-install', SUCCESSORS, 'migrate');
  run(everything, 'npx', '--no-install', 'keycloak-guard', 'migrate');
  process.stdout.write('The packages work in empty folders, and so does the command line.\n');
} catch (error) {
  const { stdout, message } = error as { stdout?: string; message: string };
  process.stderr.write(`${stdout ?? ''}${message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
