import { randomUUID } from 'node:crypto';
import { AuthError } from '../core/index.ts';
import type { NewsSeat } from '../core/internal.ts';
import type { CursorStore } from './cursor-store.ts';

/** Longer than the seat of the one who reads: by then the process before has stopped. Unit: milliseconds. */
const SEAT_MS = 10_000;

/** Keeps the position beside the revocations. A process that was replaced cannot put an older one back. */
export function seatCursor(seat: NewsSeat, topic: string): CursorStore {
  const holder = randomUUID();
  const name = `${topic} users`;

  async function take(): Promise<string | null> {
    const told = await seat.take(name, holder, SEAT_MS);
    // Tried again in a moment.
    if (told === undefined) throw new AuthError('provider_unavailable', 'Another process has not ended yet');
    return told;
  }

  return {
    load: take,
    async save(state) {
      await take();
      await seat.tell(name, holder, state);
    },
  };
}
