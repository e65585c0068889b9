import { existsSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where a document of this package is, as somebody in the working directory opens it: in a clone `docs/settings.md`,
 * where the package is installed `node_modules/keycloak-guard/docs/settings.md`.
 */
export function pathOfDocument(name: string): string {
  const file = fileURLToPath(new URL(`../../${name}`, import.meta.url));
  // An image has no documents in it.
  if (!existsSync(file)) return `${name} of keycloak-guard`;
  const path = relative(process.cwd(), file);
  return path.startsWith('../../../src') || isAbsolute(path) ? file : path;
}
