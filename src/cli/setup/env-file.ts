import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';

/** A setting of the `.env` file that is to change. */
export interface EnvChange {
  readonly name: string;
  /** `undefined`: the file has no such line yet. */
  readonly from: string | undefined;
  readonly to: string;
}

/** The text of the file; empty when there is none. */
export async function readEnvText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/**
 * Reads settings by name, of several names the first that is set: the environment wins over the file.
 *
 * @param file `undefined`: the environment alone
 */
export async function readSettings(
  environment: NodeJS.ProcessEnv,
  file: string | undefined,
): Promise<(...names: string[]) => string | undefined> {
  const sources = [environment, file === undefined ? {} : parseEnv(await readEnvText(file))];
  return (...names) => {
    for (const source of sources) {
      for (const name of names) if (source[name]) return source[name];
    }
    return undefined;
  };
}

/** What has to change, so that the file holds all the values. */
export function compareEnv(text: string, values: Readonly<Record<string, string>>): EnvChange[] {
  const there = parseEnv(text);
  return Object.entries(values)
    .filter(([name, to]) => there[name] !== to)
    .map(([name, to]) => ({ name, from: there[name], to }));
}

/** The file with the changes in it. Every other line stays as it is, comments too. */
export function mergeEnv(text: string, changes: readonly EnvChange[]): string {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/);
  for (const { name, to } of changes) {
    const assigns = new RegExp(`^\\s*(export\\s+)?${name}\\s*=`);
    const last = lines.findLastIndex((line) => assigns.test(line));
    const line = `${name}=${quote(to)}`;
    // Where a name stands twice, the last line counts.
    if (last === -1) lines.push(line);
    else lines[last] = line;
  }
  return lines.join(newline) + newline;
}

/** Replaces the file in one go, readable by its owner alone: a run that is cut off leaves the old file whole. */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Quotes where the value has something in it that would be read as something else; `"` last, for it knows escapes. */
function quote(value: string): string {
  if (/^[\w./:@%+,=~-]*$/.test(value)) return value;
  const mark = ["'", '`', '"'].find((one) => !value.includes(one)) ?? '"';
  return mark + value + mark;
}
