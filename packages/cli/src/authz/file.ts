import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readFolderFile } from '@keycloak-guard/server/config';
import type { AuthzModel } from '../admin/authz/model.ts';
import { readAuthzFile, readAuthzValue } from '../admin/authz/read-file.ts';
import { UsageError } from '../settings/usage-error.ts';
import { toShellWord } from '../terminal/output.ts';

/** Finds the default file. Only JSON: a program would be run, so it must be named. */
export function findAuthzJson(folder: string): string | undefined {
  const file = join(folder, 'authz.json');
  return existsSync(file) ? file : undefined;
}

/**
 * Reads JSON, or runs a program and takes its default export.
 *
 * @throws {UsageError} naming everything that is wrong with it
 */
export async function loadAuthz(file: string): Promise<AuthzModel> {
  const read = /\.json$|\/[^.]*$/.test(`/${file}`)
    ? readAuthzFile(await readText(file))
    : readAuthzValue(await importDefault(file));
  if ('model' in read) return read.model;
  throw new UsageError(read.problems.map((problem) => `${file}: ${problem}`));
}

async function readText(file: string): Promise<string> {
  try {
    // Only a person names one without an extension, such as the standard input.
    return /\.[^/]*$/.test(file) ? readFolderFile(file) : readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function importDefault(file: string): Promise<unknown> {
  // Otherwise a missing file would look like a missing import inside it.
  await readText(file);
  let exported: { default?: unknown };
  try {
    exported = (await import(pathToFileURL(resolve(file)).href)) as typeof exported;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION')
      throw new UsageError([
        `${file}: Node ${process.versions.node} runs no file with this ending; TypeScript is run by Node 22.18 and later`,
        "With this one: name the file authz.mjs (an editor checks it the same, with // @ts-check as its first line), or run the command with NODE_OPTIONS='--import tsx'",
      ]);
    throw new UsageError([
      `${file} cannot be run: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
  const { default: value } = exported;
  if (value === undefined)
    throw new UsageError([
      `${file}: has no default export; end it with: export default defineAuthorization({ … })`,
    ]);
  // A program compiled to CommonJS has its exports one level deeper.
  return isCommonJs(value) ? value.default : value;
}

function isCommonJs(value: unknown): value is { default: unknown } {
  return typeof value === 'object' && value !== null && '__esModule' in value && 'default' in value;
}

function unreadable(file: string, error: unknown): UsageError {
  const reason = error instanceof Error ? error.message : String(error);
  const program = ['ts', 'mts', 'mjs', 'js'].map((ending) => file.replace(/json$/, ending)).find(existsSync);
  const fix =
    program === undefined || program === file
      ? 'authz export writes one from what Keycloak has'
      : `${program} is a program, which is run to be read: name it, --file ${toShellWord(program)}`;
  return new UsageError([`${file} cannot be read: ${reason}`, fix]);
}
