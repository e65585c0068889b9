import { existsSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** From dist/ of an installed package, from dist/ of a clone, and from the sources. */
const FOLDERS = ['../', '../../../', '../../../../'];

/**
 * Path of a document of this project from the working directory: in a clone `docs/settings.md`,
 * where the package is installed `node_modules/@keycloak-guard/server/docs/settings.md`.
 */
export function pathOfDocument(name: string): string {
  const file = FOLDERS.map((folder) => fileURLToPath(new URL(`${folder}${name}`, import.meta.url))).find(
    (one) => existsSync(one),
  );
  // The container image has no documents.
  if (file === undefined) return `${name} of keycloak-guard`;
  const path = relative(process.cwd(), file);
  return path.startsWith('..') || isAbsolute(path) ? file : path;
}
