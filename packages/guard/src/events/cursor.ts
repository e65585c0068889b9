import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { AuthError } from '../core/index.ts';
import type { Leases } from '../core/internal.ts';

/** Keeps how far the application has come with the changes of users. One process at a time writes to it. */
export interface CursorStore {
  /** The state saved last; `null` before the first. */
  load(): Promise<string | null>;
  /** Resolves when it outlives this process. @param state JSON, some hundred bytes, more while handlers fail */
  save(state: string): Promise<void>;
}

/**
 * A file, for one process. It is replaced as a whole, so that a process that dies leaves the old or the new one.
 *
 * @example
 * const events = kc.events({ cursor: createFileCursor('/var/lib/shop/events.json') });
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

/** A process that dies keeps the others waiting for so long. Unit: milliseconds. */
const LEASE_MS = 10_000;

/**
 * A cursor that one of several processes has at a time: it alone reports to the application.
 *
 * @param own where the state is, if not beside the lease
 */
export function createSharedCursor(
  leases: Leases,
  topic: string,
  own?: CursorStore,
): CursorStore & { close(): Promise<void> } {
  const holder = randomUUID();
  const name = `${topic} users`;
  let timer: NodeJS.Timeout | undefined;

  async function take(): Promise<string | null> {
    const state = await leases.take(name, holder, LEASE_MS);
    if (state === undefined) {
      clearInterval(timer);
      timer = undefined;
      throw new AuthError('provider_unavailable', 'Another process tells the application of changes');
    }
    // Functions of the application may take longer than the lease.
    timer ??= setInterval(() => void take().catch(() => {}), LEASE_MS / 3).unref();
    return state;
  }

  return {
    async load() {
      const state = await take();
      return own === undefined ? state : own.load();
    },
    async save(state) {
      await take();
      await (own === undefined ? leases.save(name, holder, state) : own.save(state));
    },
    async close() {
      clearInterval(timer);
      await leases.leave(name, holder).catch(() => {});
    },
  };
}
