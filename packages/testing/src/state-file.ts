import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StoredSessions } from './sessions.ts';
import type { StoredKeys } from './tokens/keys.ts';

/** Keys and sessions, stored so that a restart signs nobody out. */
export interface StoredState {
  readonly version: 1;
  readonly realm: string;
  readonly keys: StoredKeys;
  readonly sessions: StoredSessions;
}

/** The stored state of the realm, or `undefined` if there is none that can be read. */
export async function loadState(file: string, realm: string): Promise<StoredState | undefined> {
  try {
    const state = JSON.parse(await readFile(file, 'utf8')) as StoredState;
    return state.version === 1 && state.realm === realm ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the file completely or not at all. Only its owner may read it, because it holds private keys. */
export async function saveState(file: string, state: StoredState): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // An unpredictable name, so that nobody can have put a link there.
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(draft, JSON.stringify(state), { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
