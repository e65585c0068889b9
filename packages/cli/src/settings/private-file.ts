import { randomBytes } from 'node:crypto';
import { readlink, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
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

/** The file for people to agree to: a folder's author may have made a link of it. */
export async function nameWithTarget(file: string): Promise<string> {
  const target = await followLinks(file);
  return target === file ? file : `${file}, which is a link to ${target}`;
}

/** Follows links to a file that may not be there yet. */
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
