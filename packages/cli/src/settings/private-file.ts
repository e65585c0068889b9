import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, readlink, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { isOutside, readFolderFile } from '@keycloak-guard/server/config';
import { toShellWord } from '../terminal/output.ts';
import { UsageError } from './usage-error.ts';

/**
 * Replaces the file atomically, readable by its owner alone: an interrupted run leaves the old file whole. For a link, it replaces
 * the target.
 */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  await assertReplaceable(file);
  await replacePrivateFile(await followLinks(file), text);
}

/** A file takes the place of what has its name: of `/dev/null`, or a pipe, for every other program, too. */
export async function assertReplaceable(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() === false)
    throw new UsageError([`${file} is no file that can be replaced: name another one`]);
}

/** The same for a file that only this program uses: it replaces a link itself. */
export async function replacePrivateFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/**
 * Refuses a file that nobody named and that is a link out of its folder: its author would choose what is written.
 *
 * @param flag the one that names it
 * @throws {UsageError}
 */
export function assertOfFolder(file: string, flag: string): void {
  if (isOutside(file, file))
    throw new UsageError([
      `${file} is a link that leads out of its folder. Nothing was changed.`,
      `If you mean it, name the file: ${flag} ${file}`,
    ]);
}

/** The file for people to agree to: a folder's author may have made a link of it. */
export async function nameWithTarget(file: string): Promise<string> {
  const target = await followLinks(file);
  return target === file ? file : `${file}, which is a link to ${target}`;
}

/**
 * The file in a plan, and what a person is warned of.
 *
 * @throws {UsageError} where its folder is not there: Keycloak would be changed, and the secret written nowhere
 */
export async function planWrite(file: string) {
  await assertReplaceable(file);
  const folder = dirname(await followLinks(resolve(file)));
  if (!existsSync(folder))
    throw new UsageError([`${file}: there is no folder ${folder}. Nothing was changed.`]);
  return { subject: await nameWithTarget(file), opens: await findExposure(file) };
}

/**
 * Warns if git takes a file that holds a secret. git itself is not called: a folder of others can make it run programs.
 *
 * @returns a sentence for the plan; nothing outside of a repository, and where `.gitignore` names the file before git knows it
 */
export async function findExposure(file: string): Promise<string[]> {
  const path = resolve(file);
  const name = basename(path);
  const rules: string[][] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    // A rule that begins with a slash is for the folder of its file alone.
    const read = (...names: string[]) =>
      readLines(join(folder, ...names)).filter((rule) => folder === dirname(path) || !rule.startsWith('/'));
    rules.unshift(read('.gitignore'));
    const isRepository = await lstat(join(folder, '.git')).then(
      () => true,
      () => false,
    );
    if (isRepository) {
      if (isTracked(folder, relative(folder, path)))
        return [
          `git has ${file} in the repository already, and no .gitignore changes that: git rm --cached ${toShellWord(file)}`,
        ];
      rules.unshift(read('.git', 'info', 'exclude'));
      return isIgnored(name, rules.flat())
        ? []
        : [`git would take ${file} into the repository: write ${name} into .gitignore`];
    }
    if (folder === dirname(folder)) return [];
  }
}

function readLines(file: string): string[] {
  try {
    return readFolderFile(file).split(/\r?\n/);
  } catch {
    return [];
  }
}

/** Whether git's index lists the file: the length of its path, the path, and a zero. */
function isTracked(folder: string, path: string): boolean {
  const [, elsewhere] = /^gitdir: (.+)/.exec(readLines(join(folder, '.git'))[0] ?? '') ?? [];
  const name = Buffer.from(path.replaceAll(sep, '/'));
  const entry = Buffer.from([name.length >> 8, name.length, ...name, 0]).toString('latin1');
  try {
    return readFolderFile(
      join(resolve(folder, elsewhere ?? '.git'), 'index'),
      'latin1',
      LARGEST_INDEX,
    ).includes(entry);
  } catch {
    return false;
  }
}

/** Unit: bytes. */
const LARGEST_INDEX = 64 * 1024 * 1024;

/**
 * By the rules that name files, the last one that fits. Others are for a person to read: they leave nothing out here, and may take
 * the file back in.
 */
function isIgnored(name: string, rules: readonly string[]): boolean {
  const fitting = rules.findLast((rule) => {
    const glob = rule.replace(/^!/, '').replace(/^(\*\*)?\//, '');
    return /^#|[/?[\]\\]|[^\S ]/.test(glob) ? rule.startsWith('!') : fits(name, glob.trimEnd().split('*'));
  });
  return fitting !== undefined && !fitting.startsWith('!');
}

/** Whether a name has these parts in this order, and anything between them. */
function fits(name: string, parts: readonly string[]): boolean {
  const [first = '', ...others] = parts;
  const last = others.pop();
  if (last === undefined) return name === first;
  let at = first.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return name.startsWith(first) && name.endsWith(last) && name.length >= at + last.length;
}

async function followLinks(file: string): Promise<string> {
  let path = file;
  for (let links = 0; links <= MOST_LINKS; links++) {
    try {
      path = resolve(dirname(path), await readlink(path));
    } catch (error) {
      // EINVAL: it is not a link.
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EINVAL' || code === 'ENOENT') return path;
      throw error;
    }
  }
  throw new UsageError([`${file} leads through more than ${MOST_LINKS} links`]);
}

const MOST_LINKS = 20;
