import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type Config,
  ConfigError,
  loadConfig,
  parseSettings,
  readFolderFile,
  readKeycloakJson,
} from '@keycloak-guard/server/config';
import { toPlainLine } from '../terminal/output.ts';
import { type Consent, FromFolder, type Word } from './from-folder.ts';
import { UsageError } from './usage-error.ts';

export interface EnvChange {
  readonly name: string;
  /** `undefined`: the file has no such line yet. */
  readonly from: string | undefined;
  readonly to: string;
}

/**
 * The content of the file; empty if the file is missing. Without its byte order mark, which would become a part of the first
 * name.
 *
 * @param isExplicit whether the person named the file; another one must be a regular file
 */
export async function readEnvText(file: string, isExplicit = false): Promise<string> {
  try {
    return (isExplicit ? await readFile(file, 'utf8') : readFolderFile(file)).replace(/^\uFEFF/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return '';
    throw new Error(`${file} cannot be read (${code === 'EISDIR' ? 'it is a folder' : code})`);
  }
}

export interface Setting {
  readonly name: string;
  readonly value: Word;
}

/** Settings by name; of several names the first that is set. The environment wins over the file. */
export interface Settings {
  (...names: string[]): Word | undefined;
  find(...names: string[]): Setting | undefined;
}

/**
 * @param file `undefined`: the environment alone
 * @param isExplicit whether the person named the file: what is in it is the person's word then
 */
export async function readSettings(
  environment: NodeJS.ProcessEnv,
  file: string | undefined,
  isExplicit: boolean,
): Promise<Settings> {
  const inFile = file === undefined ? {} : parseSettings(await readEnvText(file, isExplicit));
  return toSettings((name) => {
    const value = environment[name] || inFile[name];
    if (!value || environment[name] || isExplicit) return value || undefined;
    return new FromFolder(name, value, file ?? '', inFile.KEYCLOAK_SERVER_URL);
  });
}

/** The same as the service reads them: what the settings do not say, the `keycloak.json` says that they name. */
export async function withKeycloakJson(settings: Settings, consent: Consent): Promise<Settings> {
  const configFile = settings('KEYCLOAK_CONFIG_FILE');
  const { path } = await consent.open({ path: configFile }, []);
  if (path === undefined) return settings;
  const json = readKeycloakJson(resolve(path));
  const members: Readonly<Record<string, string>> = json instanceof Error ? {} : json;
  return toSettings((name) => {
    const there = settings(name);
    const value = members[name];
    if (there !== undefined || value === undefined) return there;
    return configFile instanceof FromFolder
      ? new FromFolder(name, value, configFile.file, members.KEYCLOAK_SERVER_URL)
      : value;
  });
}

/**
 * The settings as the service reads them; where nothing is wrong but that some of `stand` are not set, with those in their place.
 *
 * @param envFile `undefined`: `.env`, which nobody named. Where its credentials go, a {@link Consent} has said
 * @returns `assumed`: the names of those
 */
export function loadAssuming(
  env: NodeJS.ProcessEnv,
  envFile: string | undefined,
  stand: Readonly<Record<string, string>>,
): { readonly config: Config | ConfigError; readonly assumed: readonly string[] } {
  const load = (file: string | undefined, more = {}): Config | ConfigError => {
    try {
      return loadConfig({ envFile: file, env: { ...env, ...more }, hasConsent: true });
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
  };
  const config = load(envFile);
  if (!(config instanceof ConfigError)) return { config, assumed: [] };
  const missing = config.problems
    .filter(({ seen }) => seen === 'is not set.')
    .map(({ name }) => name as string);
  const isEnough = missing.length === config.problems.length && missing.every((name) => name in stand);
  if (missing.length === 0 || !isEnough) return { config, assumed: [] };
  // What stands in is no word of the environment.
  const filled = load(envFile ?? '.env', Object.fromEntries(missing.map((name) => [name, stand[name]])));
  return filled instanceof ConfigError ? { config, assumed: [] } : { config: filled, assumed: missing };
}

function toSettings(get: (name: string) => Word | undefined): Settings {
  const find = (...names: string[]): Setting | undefined => {
    for (const name of names) {
      const value = get(name);
      if (value !== undefined) return { name, value };
    }
    return undefined;
  };
  return Object.assign((...names: string[]) => find(...names)?.value, { find });
}

export function compareEnv(text: string, values: Readonly<Record<string, string>>): EnvChange[] {
  const there = parseSettings(text);
  return Object.entries(values)
    .filter(([name, to]) => there[name] !== to)
    .map(([name, to]) => ({ name, from: there[name], to }));
}

/**
 * The file with the changes in it. Every other line stays as it is, comments too.
 *
 * @throws {UsageError} where no quotes can hold a value
 */
export function mergeEnv(text: string, changes: readonly EnvChange[]): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  let merged = text === '' || text.endsWith('\n') ? text : text + newline;
  for (const { name, to } of changes) {
    const line = `${name}=${quote(name, to)}`;
    // Where a name stands twice, the last line counts.
    const there = readAssignments(merged).findLast((one) => one.name === name);
    merged =
      there === undefined
        ? merged + line + newline
        : merged.slice(0, there.start) + line + merged.slice(there.end);
  }
  assertNothingElse(parseSettings(text), parseSettings(merged), changes);
  return merged;
}

interface Assignment {
  readonly name: string;
  /** From the first character of its line to the end of its last one, without the line break. */
  readonly start: number;
  readonly end: number;
}

/** The places of the settings. A value in quotes can have several lines, and one of them can look like another setting. */
function readAssignments(text: string): Assignment[] {
  const assignments: Assignment[] = [];
  const endOfLine = (from: number): number => {
    const end = text.slice(from).search(/\r?\n|$/);
    return from + end;
  };
  for (let start = 0; start < text.length; ) {
    // Each character is looked at once: whoever wrote the file may have put a million spaces into a line.
    const [head, name = '', mark] =
      /^[^\S\n]*(?:export\s+)?([^\s#=][^\n=]*)=[^\S\n]*(["'`])?/.exec(text.slice(start)) ?? [];
    let end = endOfLine(start);
    if (head !== undefined) {
      const closing = mark === undefined ? -1 : text.indexOf(mark, start + head.length);
      end = endOfLine(closing === -1 ? start + head.length : closing);
      assignments.push({ name: name.trimEnd(), start, end });
    }
    start = text.indexOf('\n', end) + 1 || text.length;
  }
  return assignments;
}

function assertNothingElse(
  before: NodeJS.Dict<string>,
  after: NodeJS.Dict<string>,
  changes: readonly EnvChange[],
): void {
  const expected: NodeJS.Dict<string> = { ...before };
  for (const { name, to } of changes) expected[name] = to;
  const wrong = [...new Set([...Object.keys(expected), ...Object.keys(after)])].filter(
    (name) => expected[name] !== after[name],
  );
  if (wrong.length === 0) return;
  throw new UsageError([
    `the file of settings cannot be changed without changing ${toPlainLine(wrong.join(', '))} too: write ${changes.map(({ name }) => name).join(', ')} by hand`,
  ]);
}

/**
 * Adds quotes in which the value is read unchanged: by Node, which knows no escapes but `\n` within `"`, and
 * by a shell that is given the file. The secret is Keycloak's word: in backticks it would be run as a command, and a line
 * break in it would begin another setting for programs that read line by line (`docker run --env-file`).
 */
function quote(name: string, value: string): string {
  const way = wayFor(value);
  if (way !== undefined && parseSettings(`${name}=${way}\n`)[name] === value) return way;
  throw new UsageError([
    `${name} has a value that no line of a file of settings can hold: choose another one`,
  ]);
}

function wayFor(value: string): string | undefined {
  if (/\p{Cc}/u.test(value)) return undefined;
  if (/^[\w./:@%+,=-]*$/.test(value)) return value;
  if (!value.includes("'")) return `'${value}'`;
  return /["`$\\]/.test(value) ? undefined : `"${value}"`;
}
