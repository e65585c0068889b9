import { randomUUID } from 'node:crypto';
import { AuthError } from '../core/index.ts';
import type { Leases } from '../core/internal.ts';
import type { CursorStore } from './cursor-store.ts';

/** A process that dies keeps the others waiting for so long. Unit: milliseconds. */
const LEASE_MS = 10_000;

/**
 * A cursor that one of several processes has at a time: it alone tells the application.
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
