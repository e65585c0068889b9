import { existsSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFolderFile } from './folder.ts';
import type { Setting } from './setting.ts';
import { SETTINGS, type SettingName } from './settings.ts';

/**
 * Reads the settings from the `keycloak.json` that Keycloak's admin console exports for a client. Returns an error
 * whose message completes "the file …" when that is not possible.
 */
export function readKeycloakJson(path: string): Partial<Record<SettingName, string>> | Error {
  let content: unknown;
  try {
    content = JSON.parse(readFolderFile(path).replace(/^\uFEFF/, ''));
  } catch (error) {
    return new Error(error instanceof SyntaxError ? 'is not JSON.' : 'cannot be read.');
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    return new Error('is not a JSON object.');
  }
  const values: Partial<Record<SettingName, string>> = {};
  for (const [name, setting] of Object.entries(SETTINGS) as [SettingName, Setting][]) {
    const value = setting.json === undefined ? undefined : valueAt(content, setting.json.split('.'));
    if (typeof value === 'string' && value !== '') values[name] = value;
  }
  return values;
}

function valueAt(content: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined,
    content,
  );
}

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
