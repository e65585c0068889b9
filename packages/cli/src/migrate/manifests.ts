import { AS_IT_IS, type Finding } from './finding.ts';
import { REPLACED_PACKAGES, REPLACEMENTS, REPLACING_PACKAGE } from './packages.ts';

/** The lines of a `package.json` that name an old package or its types. */
export function findDependencies(file: string, text: string): { name: string; finding: Finding }[] {
  return text.split('\n').flatMap((line, at) => {
    const name = /^\s*"([^"]+)"\s*:/.exec(line)?.[1];
    if (name === undefined || !REPLACED_PACKAGES.has(name)) return [];
    const use = line.trim().replace(/,$/, '');
    const dropIn = Object.hasOwn(REPLACEMENTS, name)
      ? `"${REPLACING_PACKAGE}"`
      : 'to be removed: the drop-in has its own types';
    return [{ name, finding: { ...AS_IT_IS, file, line: at + 1, use, dropIn, native: dropIn } }];
  });
}

const OLDEST_NEST = 10;
const TOO_OLD =
  'npm refuses to install keycloak-guard beside it (ERESOLVE). With Nest 8 and 9 it works after `npm install --legacy-peer-deps`; with Nest 7, update Nest first.';

/** The lines of a `package.json` with a Nest that is too old for the drop-in. */
export function findOldNest(file: string, text: string): Finding[] {
  return text.split('\n').flatMap((line, at) => {
    const version = /^\s*"@nestjs\/common"\s*:\s*"[^\d"]*(\d+)/.exec(line)?.[1];
    if (version === undefined || Number(version) >= OLDEST_NEST) return [];
    const use = line.trim().replace(/,$/, '');
    return [{ ...AS_IT_IS, file, line: at + 1, use, remark: TOO_OLD }];
  });
}

const SECTIONS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;

type Packages = Record<string, string>;

/**
 * Replaces the old packages in a `package.json`, and keeps its indentation and line ends. `undefined` if it names none of
 * them.
 *
 * @param version range of the new package, for example `^0.1.0`
 */
export function rewriteManifest(text: string, version: string): string | undefined {
  let manifest: Record<string, Packages | undefined>;
  try {
    manifest = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
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
    const all = kept.filter(([name]) => name !== REPLACING_PACKAGE || !(replaces || isElsewhere));
    if (replaces && !isElsewhere) all.push([REPLACING_PACKAGE, version]);
    if (touched.includes(section) || all.length < kept.length) {
      manifest[section] = Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
    }
  }
  const indent = /^[\t ]+(?=")/m.exec(text)?.[0] ?? '  ';
  const end = /\r?\n$/.exec(text)?.[0] ?? '';
  const written = JSON.stringify(manifest, null, indent) + (end === '' ? '' : '\n');
  return text.includes('\r\n') ? written.replaceAll('\n', '\r\n') : written;
}
