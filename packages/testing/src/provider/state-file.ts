import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Provider, StoredRealm } from './provider.ts';

interface StoredState {
  readonly version: 2;
  readonly realms: Record<string, StoredRealm>;
}

/** The stored state of the realms by name. None, if there is no file that can be read. */
export async function loadState(file: string): Promise<Record<string, StoredRealm>> {
  try {
    const state = JSON.parse(await readFile(file, 'utf8')) as StoredState;
    return state.version === 2 ? { ...state.realms } : {};
  } catch {
    return {};
  }
}

/** The state of the realms. Only those that are in use: the others have no keys yet. */
export function toState(realms: Iterable<Provider>): StoredState {
  const used = [...realms].filter(({ keys }) => keys.isReady());
  const entries = used.map(({ realm, keys, sessions }) => [
    realm.name,
    { keys: keys.toStored(), sessions: sessions.toStored() },
  ]);
  return { version: 2, realms: Object.fromEntries(entries) };
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
