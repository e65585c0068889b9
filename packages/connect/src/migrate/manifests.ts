import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '@keycloak-guard/cli/unstable';
import { AS_IT_IS, type Finding } from './finding.ts';
import { forkOf, NEW_PACKAGES, REPLACED_PACKAGES, REPLACEMENTS } from './imports.ts';

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

/** Nobody has more, and each costs a look at the whole file. */
const MOST_FORKS = 20;

/** Where a `package.json` names an old package or its types. */
export function findDependencies(file: string, text: string): { name: string; finding: Finding }[] {
  const manifest = readManifest(text) ?? {};
  const forks = SECTIONS.flatMap((section) => Object.keys(manifest[section] ?? {})).filter(forkOf);
  return [...REPLACED_PACKAGES, ...[...new Set(forks)].slice(0, MOST_FORKS)].flatMap((name) =>
    [
      ...SECTIONS.filter((section) => Object.hasOwn(manifest[section] ?? {}, name)).map((section) => ({
        // With a token in an address, a repository's.
        use: `"${name}": ${JSON.stringify(manifest[section]?.[name])?.replace(/\/\/[^/@"]{1,500}@/g, '//…@')}`,
        remark: forkOf(name) || FORK.test(String(manifest[section]?.[name])) ? NO_RELEASE : null,
        section,
      })),
      ...PINS.filter((section) => JSON.stringify(manifest[section])?.includes(`"${name}"`)).map(
        (section) => ({
          ...{ use: `"${section}": "${name}"`, section },
          remark: 'Nothing depends on this package after the move: remove it here, too.',
        }),
      ),
    ].map(({ section, ...rest }) => ({
      name: forkOf(name) ?? name,
      finding: { ...AS_IT_IS, file, line: lineOf(text, section, name), ...rest },
    })),
  );
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

/**
 * The archives of the drop-in and of the library in a folder, by package: the packages are not on npm yet, so no range of versions
 * could be installed.
 *
 * @throws {UsageError} if one of them is missing
 */
export function findArchives(folder: string, version: string): ReadonlyMap<string, string> {
  const files = NEW_PACKAGES.map((name) => `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
  const missing = files.filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0)
    throw new UsageError([
      `${folder} lacks ${missing.join(' and ')}: "npm run pack" of the clone makes them`,
    ]);
  return new Map(files.map((file, i) => [NEW_PACKAGES[i] as string, resolve(folder, file)]));
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
