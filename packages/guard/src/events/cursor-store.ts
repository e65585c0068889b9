import { readFile, rename, writeFile } from 'node:fs/promises';

/** Keeps how far the application has come with the changes of users. One process at a time writes to it. */
export interface CursorStore {
  /** The state saved last; `null` before the first. */
  load(): Promise<string | null>;
  /** Resolves when it outlives this process. @param state JSON, some hundred bytes, more while handlers fail */
  save(state: string): Promise<void>;
}

/**
 * A store that ends with the process: for tests.
 *
 * @example
 * const news = startEvents(verifier, { cursor: createMemoryCursor() });
 */
export function createMemoryCursor(): CursorStore {
  let kept: string | null = null;
  return {
    load: async () => kept,
    async save(state) {
      kept = state;
    },
  };
}

/**
 * A file, for one process. It is replaced as a whole, so that a process that dies leaves the old or the new one.
 *
 * @example
 * const news = kc.events({ cursor: createFileCursor('/var/lib/shop/events.json') });
 */
export function createFileCursor(path: string): CursorStore {
  return {
    load: () =>
      readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      }),
    async save(state) {
      await writeFile(`${path}.new`, state, { mode: 0o600, flush: true });
      await rename(`${path}.new`, path);
    },
  };
}
