// Packs what is published: npm run pack [-- FOLDER]
//
// Each package as users get it: its manifest without what only this repository understands, dist/, README, licence.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SOURCE = '@keycloak-guard/source';
/** In the order in which they need one another. */
export const PACKAGES = ['guard', 'connect', 'testing', 'server', 'cli', 'create'] as const;

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, string | Record<string, unknown>>>;
  readonly [field: string]: unknown;
}

/** Builds every package and packs it into `folder`; resolves to the archives, by name. */
export function packAll(folder: string): ReadonlyMap<string, string> {
  execFileSync(process.execPath, [join(root, 'tools/build/built.mjs')], { stdio: 'inherit' });
  mkdirSync(folder, { recursive: true });
  return new Map(PACKAGES.map((name) => pack(name, folder)));
}

function pack(folderName: string, target: string): [name: string, archive: string] {
  const from = join(root, 'packages', folderName);
  const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as Manifest;
  const staged = mkdtempSync(join(tmpdir(), 'pack-'));
  try {
    // What stands at the root belongs to several packages.
    for (const file of manifest.files) {
      const source = existsSync(join(from, file)) ? from : root;
      cpSync(join(source, file), join(staged, file), { recursive: true });
    }
    for (const file of ['LICENSE', 'CHANGELOG.md']) cpSync(join(root, file), join(staged, file));
    if (existsSync(join(from, 'README.md'))) cpSync(join(from, 'README.md'), join(staged, 'README.md'));
    rmSync(join(staged, 'dist/.tsbuildinfo'), { force: true });
    // On one line: of what the library weighs, a fifth of this file were tabs and ends of lines.
    const published = toPublished(manifest, `packages/${folderName}`);
    writeFileSync(join(staged, 'package.json'), `${JSON.stringify(published)}\n`);
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--pack-destination', target], {
        cwd: staged,
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      }),
    ) as { filename: string }[];
    if (packed === undefined) throw new Error(`npm pack packed nothing for ${manifest.name}`);
    return [manifest.name, join(target, packed.filename)];
  } finally {
    rmSync(staged, { recursive: true });
  }
}

/**
 * Without the condition under which this repository finds the sources: they are not published. With the repository it is
 * packed in, which npm holds a package's provenance against.
 */
function toPublished(manifest: Manifest, directory: string): object {
  const exports = Object.fromEntries(
    Object.entries(manifest.exports).flatMap(([path, entry]): [string, string | object][] => {
      if (typeof entry === 'string') return [[path, entry]];
      const { [SOURCE]: _source, ...published } = entry;
      // What another package is built with is published with that one.
      return Object.keys(published).length === 0 ? [] : [[path, published]];
    }),
  );
  const url = repositoryUrl();
  return {
    ...manifest,
    exports,
    ...(url === undefined ? {} : { repository: { type: 'git', url, directory } }),
  };
}

/** Of a remote that others can reach; a clone of a folder has none. */
function repositoryUrl(): string | undefined {
  const { stdout } = spawnSync('git', ['remote', 'get-url', 'origin'], { cwd: root, encoding: 'utf8' });
  const [, host, path] =
    /^(?:https:\/\/|git@|ssh:\/\/git@)([\w.-]+)[:/](.+?)(?:\.git)?\s*$/.exec(stdout ?? '') ?? [];
  return host === undefined ? undefined : `git+https://${host}/${path}.git`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = resolve(process.argv[2] ?? 'packed');
  for (const [name, archive] of packAll(target)) process.stdout.write(`${name}  ${archive}\n`);
}
