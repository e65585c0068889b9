import { startBackgroundTimer } from '../core/internal.ts';
import type { UserChange, UserChangeKind } from './user-change.ts';

/**
 * The application's functions for changes of users. A change counts as handled when its function has returned, or its promise is
 * fulfilled; otherwise it is told again, and the later changes of that user wait for it: of several of one kind, the last.
 */
export type UserHandlers = {
  readonly [K in UserChangeKind]?: ((change: UserChange) => unknown) | undefined;
} & {
  /** Events were deleted before they were read: compare all users with Keycloak's. @param since Unit: milliseconds since 1970 */
  readonly missed?: ((since: number) => unknown) | undefined;
};

/** Changes of one user that wait, because the first of them could not be handled. */
export interface Held {
  readonly changes: readonly UserChange[];
  readonly tries: number;
}

/** By subject. */
export type HeldChanges = Readonly<Record<string, Held>>;

/** Users whose changes are handled at the same time. */
const AT_ONCE = 8;
/** A function that takes longer counts as failed. */
const LONGEST_MS = 60_000;

/**
 * Handles changes: those of one user one after the other, and none after one that fails.
 *
 * @param isOver nothing more is begun
 * @returns the changes to tell again
 */
export async function deliver(
  byUser: HeldChanges,
  handlers: UserHandlers,
  onFailure: (change: UserChange, error: unknown) => void,
  isOver: () => boolean = () => false,
): Promise<HeldChanges> {
  const rest: Record<string, Held> = Object.create(null);
  const waiting = Object.entries(byUser);

  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [subject, { changes, tries }] = next;
      const failedAt = await handleAll(changes);
      if (failedAt === changes.length) continue;
      rest[subject] = { changes: changes.slice(failedAt), tries: failedAt === 0 ? tries + 1 : 1 };
    }
  }

  async function handleAll(changes: readonly UserChange[]): Promise<number> {
    for (const [index, change] of changes.entries()) {
      if (isOver()) return index;
      try {
        await inTime(handlers[change.kind]?.(change));
      } catch (error) {
        onFailure(change, error);
        return index;
      }
    }
    return changes.length;
  }

  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return rest;
}

/** The end of what a function of the application's has begun. @throws {Error} rejects with one if it takes too long */
export async function inTime(result: unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const expire = () => reject(new Error(`it did not end within ${LONGEST_MS} ms`));
    timer = startBackgroundTimer(expire, LONGEST_MS);
  });
  await Promise.race([result, late]).finally(() => clearTimeout(timer));
}
