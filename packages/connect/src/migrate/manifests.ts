import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '@keycloak-guard/cli/unstable';
import { AS_IT_IS, type Finding } from './finding.ts';
import { DROP_IN, NEW_PACKAGES, REPLACED_PACKAGES, REPLACEMENTS } from './imports.ts';

const SECTIONS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;
/** Sections that speak of a package without depending on it. */
const PINS = [
  ...['overrides', 'resolutions', 'pnpm', 'bundleDependencies', 'bundledDependencies'],
  ...['peerDependenciesMeta', 'dependenciesMeta'],
];

type Packages = Record<string, string>;
type Manifest = Record<string, Packages | undefined>;

/** `undefined` if the text is no JSON object. */
function readManifest(text: string): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && !Array.isArray(value) ? ((value ?? undefined) as never) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a `package.json` names an old package, and cannot be read. */
export const isUnreadable = (text: string): boolean =>
  [...REPLACED_PACKAGES].some((name) => text.includes(`"${name}"`)) && readManifest(text) === undefined;

/** A version that is none of npm: a repository, an archive, a folder, a patch or another package. */
const FORK =
  /^(git|https?|github|gitlab|bitbucket|gist|file|link|portal|patch|workspace)(\+\w+)?:|^npm:(?!(nest-)?keycloak-connect@)|^[\w.-]+\/[\w.-]+/;
const NO_RELEASE =
  'This is no release of npm: the drop-in is made after that. Compare them, for what a fork has added the drop-in lacks.';

/** Where a `package.json` names an old package or its types. */
export function findDependencies(file: string, text: string): { name: string; finding: Finding }[] {
  const manifest = readManifest(text) ?? {};
  return [...REPLACED_PACKAGES].flatMap((name) => {
    const dropIn = Object.hasOwn(REPLACEMENTS, name)
      ? `"${DROP_IN}"`
      : 'to be removed: the drop-in has its own types';
    return [
      ...SECTIONS.filter((section) => Object.hasOwn(manifest[section] ?? {}, name)).map((section) => {
        const use = `"${name}": ${JSON.stringify(manifest[section]?.[name])}`;
        const remark = FORK.test(String(manifest[section]?.[name])) ? NO_RELEASE : null;
        return { dropIn, native: dropIn, use, section, remark };
      }),
      ...PINS.filter((section) => JSON.stringify(manifest[section])?.includes(`"${name}"`)).map(
        (section) => ({
          ...{ use: `"${section}": "${name}"`, section },
          remark: 'Nothing depends on this package after the move: remove it here, too.',
        }),
      ),
    ].map(({ section, ...rest }) => ({
      name,
      finding: { ...AS_IT_IS, file, line: lineOf(text, section, name), ...rest },
    }));
  });
}

/** The line of a name in a section. */
function lineOf(text: string, section: string, name: string): number {
  const at = text.indexOf(`"${name}"`, Math.max(text.search(RegExp(`"${section}"\\s*:`)), 0));
  return text.slice(0, Math.max(at, 0)).split('\n').length;
}

/** Each package that must not be older: with the old package that is beside it, the oldest version, and what to do. */
const OLDEST = [
  [
    '@nestjs/common',
    'nest-keycloak-connect',
    10,
    'npm refuses to install keycloak-guard beside it (ERESOLVE). With Nest 8 and 9 it works after `npm install --legacy-peer-deps`; with Nest 7, update Nest first.',
  ],
  [
    'typescript',
    'keycloak-connect',
    5,
    'The types of keycloak-guard need TypeScript 5.0 or later: update it first.',
  ],
] as const;

/** Where a `package.json` with an old package names another one that is too old for the drop-in. */
export function findTooOld(file: string, text: string): Finding[] {
  const manifest = readManifest(text) ?? {};
  return SECTIONS.flatMap((section) =>
    OLDEST.flatMap(([name, beside, oldest, remark]): Finding[] => {
      // With `>=` the newest is installed.
      const version = /^[^\d>]*(\d+(\.\d)?)/.exec(String(manifest[section]?.[name] ?? ''))?.[1];
      if (version === undefined || Number(version) >= oldest || !text.includes(`${beside}"`)) return [];
      const use = `"${name}": ${JSON.stringify(manifest[section]?.[name])}`;
      return [{ ...AS_IT_IS, file, line: lineOf(text, section, name), use, remark }];
    }),
  );
}

/**
 * Replaces the old packages in a `package.json`, and keeps its indentation and line ends. `undefined` if it names none of
 * them.
 *
 * @param specs where each new package is, for example `file:vendor/keycloak-guard-0.1.0.tgz`
 */
export function rewriteManifest(text: string, specs: Readonly<Record<string, string>>): string | undefined {
  const manifest = readManifest(text);
  if (manifest === undefined) return undefined;
  const has = (section: string, names: Iterable<string>) =>
    [...names].some((name) => Object.hasOwn(manifest[section] ?? {}, name));
  const touched = SECTIONS.filter((section) => has(section, REPLACED_PACKAGES));
  if (touched.length === 0) return undefined;
  const isForProduction = has('dependencies', Object.keys(REPLACEMENTS));
  for (const section of SECTIONS) {
    const packages = manifest[section];
    if (typeof packages !== 'object' || packages === null) continue;
    const kept = Object.entries(packages).filter(([name]) => !REPLACED_PACKAGES.has(name));
    const replaces = has(section, Object.keys(REPLACEMENTS));
    // Left among the development dependencies, it would be missing in production.
    const isElsewhere = section === 'devDependencies' && isForProduction;
    const all = kept.filter(([name]) => !Object.hasOwn(specs, name) || !(replaces || isElsewhere));
    if (replaces && !isElsewhere) all.push(...Object.entries(specs));
    if (touched.includes(section) || all.length < kept.length)
      manifest[section] = Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  const indent = /^[\t ]+(?=")/m.exec(text)?.[0] ?? '  ';
  const end = /\r?\n$/.exec(text)?.[0] ?? '';
  const written = JSON.stringify(manifest, null, indent) + (end === '' ? '' : '\n');
  return text.includes('\r\n') ? written.replaceAll('\n', '\r\n') : written;
}

/** The folder of the archives that a `package.json` names, as a path from its own. */
function archivesIn(text: string): string | undefined {
  const manifest = readManifest(text) ?? {};
  const specs = SECTIONS.flatMap((section) => NEW_PACKAGES.map((name) => manifest[section]?.[name]));
  const paths = specs.map((spec) => /^file:(.+\.tgz)$/.exec(String(spec))?.[1]);
  return paths.map((path) => path && dirname(path)).find((path) => path !== undefined);
}

/** The commands that install what a `package.json` says. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

const LOCKS: Readonly<Record<string, PackageManager>> = {
  ...{ 'pnpm-lock.yaml': 'pnpm', 'pnpm-workspace.yaml': 'pnpm', 'yarn.lock': 'yarn' },
  ...{ 'bun.lock': 'bun', 'bun.lockb': 'bun' },
};

/** By its lock file, in the folder or one above it. */
export function findPackageManager(folder: string): PackageManager {
  const lock = Object.entries(LOCKS).find(([file]) => existsSync(join(folder, file)));
  if (lock !== undefined) return lock[1];
  const above = dirname(folder);
  return above === folder || existsSync(join(folder, 'package-lock.json'))
    ? 'npm'
    : findPackageManager(above);
}

/**
 * The archives of the drop-in and of the library, by package: the packages are not on npm yet, so no range of versions could be
 * installed. They are in the folder that is given, else where a `package.json` of the project names one of them.
 *
 * @throws {UsageError} if one of them is missing
 */
export async function findArchives(
  folder: string,
  {
    packages,
    version,
    manifests,
  }: { packages: string | undefined; version: string; manifests: Iterable<string> },
): Promise<ReadonlyMap<string, string>> {
  let archiveFolder = packages === undefined ? undefined : resolve(packages);
  for (const file of manifests) {
    const path = archivesIn(await readFile(join(folder, file), 'utf8'));
    if (path !== undefined) archiveFolder ??= resolve(folder, dirname(file), path);
  }
  const archives = NEW_PACKAGES.map((name) => `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  const missing = archives.filter(
    (file) => archiveFolder === undefined || !existsSync(join(archiveFolder, file)),
  );
  if (archiveFolder === undefined || missing.length > 0) {
    const why =
      archiveFolder === undefined
        ? '--write needs --packages <folder>, with'
        : `${packages ?? archiveFolder} lacks`;
    throw new UsageError([`${why} ${missing.join(' and ')}: "npm run pack" of the clone makes them`]);
  }
  return new Map(archives.map((file, i) => [NEW_PACKAGES[i] as string, join(archiveFolder, file)]));
}

/** How a `package.json` names the archives. */
export function specsOf(
  archives: ReadonlyMap<string, string>,
  folder: string,
  manifest: string,
): Readonly<Record<string, string>> {
  const from = join(folder, dirname(manifest));
  const toSpec = (path: string) => `file:${relative(from, path).split(sep).join('/')}`;
  return Object.fromEntries([...archives].map(([name, path]) => [name, toSpec(path)]));
}
