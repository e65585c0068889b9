import type { Edit } from './analyse.ts';
import { REPLACEMENTS, REPLACING_PACKAGE } from './packages.ts';

/** Applies edits to a text. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((changed, { start, end, text: put }) => changed.slice(0, start) + put + changed.slice(end), text);
}

const SECTIONS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'] as const;

/**
 * Replaces the old packages in a `package.json`, and keeps its indentation and line ends. `undefined` if it names none of
 * them.
 *
 * @param version range of the new package, for example `^0.1.0`
 */
export function rewriteManifest(text: string, version: string): string | undefined {
  let manifest: Record<string, Record<string, string> | undefined>;
  try {
    manifest = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
  let isChanged = false;
  for (const section of SECTIONS) {
    const packages = manifest[section];
    if (typeof packages !== 'object' || packages === null) continue;
    if (!Object.keys(packages).some((name) => Object.hasOwn(REPLACEMENTS, name))) continue;
    isChanged = true;
    const kept = Object.entries(packages).filter(
      ([name]) => !Object.hasOwn(REPLACEMENTS, name) && name !== REPLACING_PACKAGE,
    );
    const all = [...kept, [REPLACING_PACKAGE, version] as const];
    manifest[section] = Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  if (!isChanged) return undefined;
  const indent = /^[\t ]+(?=")/m.exec(text)?.[0] ?? '  ';
  const end = /\r?\n$/.exec(text)?.[0] ?? '';
  const written = JSON.stringify(manifest, null, indent) + (end === '' ? '' : '\n');
  return text.includes('\r\n') ? written.replaceAll('\n', '\r\n') : written;
}
