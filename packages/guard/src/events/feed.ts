import { isAuthError, type Notice } from '../core/index.ts';
import { startBackgroundTimer, toJsonObject } from '../core/internal.ts';
import type { CursorStore } from './cursor.ts';
import type { EventSource } from './event-source.ts';
import { type Cursors, cursorsAt, isCursors, readRound } from './read-round.ts';
import { isImportOver, toUserChange, type UserChange, type UserChangeKind } from './to-revocations.ts';

/**
 * The application's functions for changes of users. A change counts as handled when its function has returned, or its promise is
 * fulfilled; otherwise it is delivered again, and the later changes of that user wait for it: of several of one kind, the last.
 */
export type UserHandlers = {
  readonly [K in UserChangeKind]?: ((change: UserChange) => unknown) | undefined;
} & {
  /** Events were deleted before they were read: compare all users with Keycloak's. @param since Unit: milliseconds since 1970 */
  readonly missed?: ((since: number) => unknown) | undefined;
};

/** Changes of one user that wait, because the first of them could not be handled. */
export interface UserBacklog {
  readonly changes: readonly UserChange[];
  readonly tries: number;
}

/** By subject. */
export type Backlog = Readonly<Record<string, UserBacklog>>;

/** Users whose changes are handled at the same time. */
const AT_ONCE = 8;
/** A function that takes longer counts as failed. */
const LONGEST_MS = 60_000;

/**
 * Handles changes: those of one user one after the other, and none after one that fails.
 *
 * @param isOver nothing more is begun
 * @returns the changes to deliver again
 */
async function deliver(
  byUser: Backlog,
  handlers: UserHandlers,
  onFailure: (change: UserChange, error: unknown) => void,
  isOver: () => boolean,
): Promise<Backlog> {
  const rest: Record<string, UserBacklog> = Object.create(null);
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
async function inTime(result: unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const expire = () => reject(new Error(`it did not end within ${LONGEST_MS} ms`));
    timer = startBackgroundTimer(expire, LONGEST_MS);
  });
  await Promise.race([result, late]).finally(() => clearTimeout(timer));
}

/** Tells the application of changes of users, from where it stopped. */
export type Feed = ReturnType<typeof createFeed>;

interface FeedOptions {
  readonly source: EventSource;
  readonly store: CursorStore;
  readonly handlers: UserHandlers;
  readonly issuer: () => string;
  readonly onNotice: (notice: Notice) => void;
}

interface Position {
  readonly cursors: Cursors;
  readonly backlog: Backlog;
}

/** With more, nothing is read before some were handled. One user has a handful at most. */
const MOST_WAITING = 10_000;
/** Events of a list that are handled before the position is saved: after a kill so many are delivered again. */
const MOST_AT_ONCE = 100;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Orchestrators kill a process soon after they ask it to end. */
const LONGEST_CLOSE_MS = 5_000;

export function createFeed({ source, store, handlers, issuer, onNotice }: FeedOptions) {
  let position: Position | undefined;
  let working: Promise<void> | undefined;
  let isWoken = false;
  let isClosed = false;
  let isOver = false;
  let isFull = false;
  const delivery = createDelivery(handlers, onNotice, () => isClosed);
  // By a monotonic clock.
  let failedAt = Number.NEGATIVE_INFINITY;

  async function load(): Promise<Position> {
    const text = await store.load();
    if (text === null) return save({ cursors: cursorsAt(source.now()), backlog: {} });
    const { cursors, backlog } = (toJsonObject(text) ?? {}) as Partial<Position>;
    if (isCursors(cursors) && typeof backlog === 'object' && backlog !== null) return { cursors, backlog };
    throw new Error('the cursor store loaded another state than the one saved');
  }

  async function save(next: Position): Promise<Position> {
    // Another process may have begun where this one stopped.
    if (isOver) throw new Error('it was closed');
    await store.save(JSON.stringify(next));
    return next;
  }

  async function work(): Promise<void> {
    // Another process may have gone on since.
    position = await load();
    do {
      isWoken = false;
      reportFull(countOf(position.backlog) >= MOST_WAITING);
      const round = isFull ? undefined : await readRound(source, position.cursors, MOST_AT_ONCE);
      if (round?.isLost) await reportMissed(position.cursors);
      // No event names a user who was replaced.
      else if (round?.events.some((event) => isImportOver(event) && event.path.startsWith('users/')))
        await inTime(handlers.missed?.(position.cursors['admin-events'].time));
      const changes = (round?.events ?? []).flatMap((event) => toUserChange(event, issuer()) ?? []);
      const backlog = await delivery.handle(changes, position.backlog);
      position = await save({ cursors: round?.cursors ?? position.cursors, backlog });
      isWoken ||= round?.isMore === true;
    } while (isWoken && !isClosed);
  }

  function reportFull(isNow: boolean): void {
    if (isNow && !isFull) {
      onNotice({
        level: 'error',
        code: 'events_unhandled',
        message: `${MOST_WAITING} changes of users wait for the application to handle them: no more are read until then`,
      });
    }
    isFull = isNow;
  }

  async function reportMissed(cursors: Cursors): Promise<void> {
    const since = Math.min(cursors.events.time, cursors['admin-events'].time, source.now());
    onNotice({
      level: 'error',
      code: 'events_missed',
      message: `Keycloak deleted events before the application was told of them: those since ${new Date(since).toISOString()}`,
      fix: 'Compare all users, and let Keycloak keep events for longer',
    });
    await inTime(handlers.missed?.(since));
  }

  function begin(): void {
    working = work()
      .catch((error: unknown) => {
        if (isOver) return;
        // The follower reports outages.
        failedAt = performance.now();
        position = undefined;
        if (isAuthError(error)) return;
        delivery.reportOnce(`the position among changes of users is not known: ${(error as Error).message}`);
      })
      .finally(() => {
        working = undefined;
      });
  }

  return {
    /** There may be something new. */
    wake(): void {
      isWoken = true;
      if (working === undefined && !isClosed && performance.now() - failedAt >= FIRST_PAUSE_MS) begin();
    },
    /** Its position is not known: another process has the lease, or the store does not answer. */
    get isBehind(): boolean {
      return position === undefined;
    },
    /** Changes that could not be handled yet. */
    get waiting(): number {
      return position === undefined ? 0 : countOf(position.backlog);
    },
    /** Begins nothing more. Resolves when nothing is under way, or after five seconds: the rest is delivered again. */
    async close(): Promise<void> {
      isClosed = true;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LONGEST_CLOSE_MS);
      });
      await Promise.race([working, late]).finally(() => clearTimeout(timer));
      isOver = true;
    },
  };
}

/** Hands changes to the application: those that failed again after a pause, with what came after them. */
function createDelivery(handlers: UserHandlers, onNotice: (notice: Notice) => void, isClosed: () => boolean) {
  let isReported = false;
  let tries: Backlog = {};
  // By a monotonic clock.
  const dueAt = new Map<string, number>();

  function reportOnce(message: string): void {
    if (!isReported) onNotice({ level: 'error', code: 'events_unhandled', message });
    isReported = true;
  }

  function reportFailure(change: UserChange, error: unknown): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (tries[change.subject]?.tries ?? 0), LONGEST_PAUSE_MS);
    dueAt.set(change.subject, performance.now() + pauseMs);
    const reason = error instanceof Error ? error.message : 'no reason';
    reportOnce(
      `the application did not handle the event ${change.id} (${change.kind}); it is told again: ${reason}`,
    );
  }

  /** Those whose pause is over, with what came after them. */
  async function handle(fresh: readonly UserChange[], backlog: Backlog): Promise<Backlog> {
    const now = performance.now();
    tries = backlog;
    // A user may be called __proto__.
    const all: Record<string, UserBacklog> = Object.assign(Object.create(null), backlog);
    for (const change of fresh) {
      const { changes = [], tries = 0 } = all[change.subject] ?? {};
      const list = [...changes, change];
      all[change.subject] = { changes: tries === 0 ? list : merge(list), tries };
    }
    const isDue = ([subject]: [string, UserBacklog]) => (dueAt.get(subject) ?? 0) <= now;
    const entries = Object.entries(all);
    const rest = await deliver(Object.fromEntries(entries.filter(isDue)), handlers, reportFailure, isClosed);
    const waiting = { ...Object.fromEntries(entries.filter((entry) => !isDue(entry))), ...rest };
    for (const subject of dueAt.keys()) if (!Object.hasOwn(waiting, subject)) dueAt.delete(subject);
    if (dueAt.size === 0) isReported = false;
    return waiting;
  }

  return { handle, reportOnce };
}

/**
 * Merges the changes that wait behind a failed one: of each kind the last, in their order. A user can change their own profile
 * as often as they like.
 */
function merge([first, ...rest]: readonly UserChange[]): UserChange[] {
  const last = rest.filter(({ kind }, at) => !rest.slice(at + 1).some((later) => later.kind === kind));
  return first === undefined ? last : [first, ...last];
}

function countOf(backlog: Backlog): number {
  return Object.values(backlog).reduce((sum, { changes }) => sum + changes.length, 0);
}
