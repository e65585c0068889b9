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
  const found: Partial<Record<SettingName, string>> = {};
  for (const [name, setting] of Object.entries(SETTINGS) as [SettingName, Setting][]) {
    const value = setting.json === undefined ? undefined : valueAt(content, setting.json.split('.'));
    if (typeof value === 'string' && value !== '') found[name] = value;
  }
  return found;
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
