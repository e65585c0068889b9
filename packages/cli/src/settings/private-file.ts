import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isOutside, readFolderFile } from '@keycloak-guard/server/config';
import { UsageError } from './usage-error.ts';

/**
 * Replaces the file atomically, readable by its owner alone: an interrupted run leaves the old file whole. For a link, it replaces
 * the target.
 */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  await replacePrivateFile(await followLinks(file), text);
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
  const folder = dirname(await followLinks(resolve(file)));
  if (!existsSync(folder))
    throw new UsageError([`${file}: there is no folder ${folder}. Nothing was changed.`]);
  return { subject: await nameWithTarget(file), opens: await findExposure(file) };
}

/**
 * Warns if `git add` would take a file that holds a secret. git itself is not called: a folder of others can make it run programs.
 *
 * @returns a sentence for the plan; nothing outside of a repository, and where `.gitignore` names the file
 */
export async function findExposure(file: string): Promise<string[]> {
  const path = resolve(file);
  const rules: string[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    rules.unshift(...readLines(join(folder, '.gitignore')));
    const isRepository = await lstat(join(folder, '.git')).then(
      () => true,
      () => false,
    );
    if (isRepository) rules.unshift(...readLines(join(folder, '.git', 'info', 'exclude')));
    if (isRepository)
      return isIgnored(basename(path), rules)
        ? []
        : [`git would take ${file} into the repository: write ${basename(path)} into .gitignore`];
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

/** By the rules that name files, the last one that fits; those that name paths are for a person to read. */
function isIgnored(name: string, rules: readonly string[]): boolean {
  const fitting = rules.findLast((rule) => {
    const glob = rule
      .trim()
      .replace(/^!/, '')
      .replace(/^(\*\*)?\//, '');
    if (glob === '' || glob.startsWith('#') || glob.includes('/')) return false;
    const pattern = glob
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*+/g, '[^/]*')
      .replace(/\?/g, '[^/]');
    return new RegExp(`^${pattern}$`).test(name);
  });
  return fitting !== undefined && !fitting.trim().startsWith('!');
}

async function followLinks(file: string): Promise<string> {
  let path = file;
  for (let links = 0; links < MOST_LINKS; links++) {
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
