// Packs the package, installs it in an empty folder, and uses every documented import there: npm run test:package
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documentedImports } from './documents.ts';
import { productionPackages } from './production-packages.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  name: string;
  version: string;
  exports: Record<string, string>;
};
const folder = mkdtempSync(join(tmpdir(), 'package-'));

function run(cwd: string, command: string, ...args: string[]): string {
  process.stdout.write(`$ ${command} ${args.join(' ')}\n`);
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** What the documents import: TypeScript finds each name, and Node does. */
function checkDocumentedImports(): void {
  const imports = documentedImports(manifest.name);
  if (imports.length === 0) throw new Error('no document imports anything');
  imports.forEach((text, i) => {
    writeFileSync(join(folder, `import-${i}.ts`), `${text}\n`);
    writeFileSync(join(folder, `import-${i}.mjs`), `${text.replace(/\btype \w+,? ?/g, '')}\n`);
  });
  const all = imports.map((_, i) => `import './import-${i}.mjs';`).join('\n');
  writeFileSync(join(folder, 'documented.mjs'), `${all}\n`);
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        ...{ module: 'NodeNext', target: 'ES2023', strict: true, noEmit: true, skipLibCheck: true },
        ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
      },
      include: ['import-*.ts'],
    }),
  );
  run(root, 'npx', '--no-install', 'tsc', '-p', folder);
  run(folder, 'node', 'documented.mjs');
  process.stdout.write(`${imports.length} import lines of the documents work.\n`);
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
  run(root, 'npm', 'run', '--silent', 'build');
  const [packed] = JSON.parse(run(root, 'npm', 'pack', '--json', '--pack-destination', folder)) as {
    filename: string;
    files: { path: string }[];
  }[];
  if (packed === undefined) throw new Error('npm pack packed nothing');
  const tarball = join(folder, packed.filename);
  const stray = packed.files.filter(
    ({ path }) =>
      !/^(dist|docs|keycloak)\/|^(package\.json|README\.md|CHANGELOG\.md|LICENSE|\.env\.example)$/.test(path),
  );
  if (stray.length > 0) throw new Error(`not meant to be published: ${stray.map((f) => f.path).join(', ')}`);

  process.stdout.write(run(root, 'npx', '--no-install', 'publint', '--strict', tarball));
  process.stdout.write(
    run(root, 'npx', '--no-install', 'attw', '--profile', 'esm-only', '--format', 'ascii', tarball),
  );

  writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }');
  run(folder, 'npm', 'install', '--no-audit', '--no-fund', tarball);
  checkDocumentedImports();
  checkBillOfMaterials();
  const code = Object.keys(manifest.exports)
    .map((path) => `${manifest.name}${path.slice(1)}`)
    .map((path) =>
      path.endsWith('.json')
        ? `await import('${path}', { with: { type: 'json' } });`
        : `if (Object.keys(await import('${path}')).length === 0) throw new Error('${path} exports nothing');`,
    );
  writeFileSync(join(folder, 'imports.mjs'), `${code.join('\n')}\n`);
  run(folder, 'node', 'imports.mjs');
  const version = run(folder, 'npx', '--no-install', manifest.name, '--version').trim();
  if (version !== manifest.version) throw new Error(`--version says ${version}`);
  process.stdout.write(
    `The package works in an empty folder: ${code.length} imports, and the command line.\n`,
  );
} catch (error) {
  const { stdout, message } = error as { stdout?: string; message: string };
  process.stderr.write(`${stdout ?? ''}${message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
