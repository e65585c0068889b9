import { getOrMake } from './cache.ts';
import { keepAlive, startBackgroundTimer } from './platform.ts';

/** One call at a time for each key: callers who come while it is under way share its result. */
export type SingleFlight<V> = (key: string, call: () => Promise<V>) => Promise<V>;

export function createSingleFlight<V>(): SingleFlight<V> {
  const underWay = new Map<string, Promise<V>>();
  return (key, call) => {
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const called = call().finally(() => underWay.delete(key));
    underWay.set(key, called);
    return keepAlive(called);
  };
}

/**
 * Goes on with what a call gives: at once, unless it gives a promise. What `take` throws is no failure of the call.
 *
 * @param fail what the call throws or rejects with
 */
export function settle<T, R>(
  call: () => T | Promise<T>,
  take: (value: T) => R | Promise<R>,
  fail: (error: unknown) => R | Promise<R>,
): R | Promise<R> {
  let result: T | Promise<T>;
  try {
    result = call();
  } catch (error) {
    return fail(error);
  }
  return isThenable(result) ? (result as Promise<T>).then(take, fail) : take(result as T);
}

/** Any thenable: a promise that was not awaited is no value. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/** Waits for all of them, so that no later failure goes unhandled. Rejects as the first of them that did. */
export async function settleAll<T>(all: readonly (T | Promise<T>)[]): Promise<T[]> {
  const settled = await Promise.allSettled(all);
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value as T;
  });
}

const SHARE_OF_ONE_USER = 1 / 8;

/**
 * Bounds how many calls run at once. One user gets an eighth of the slots, so that slow questions of one account leave
 * room for all other users. `who` is a {@link personOfClaims}; calls without it concern no user.
 *
 * @param timeoutMs the longest wait for a slot. Unit: milliseconds
 */
export function createCallSlots(size: number, timeoutMs: number) {
  const all = createQueue(size);
  const mostOfOneUser = Math.ceil(size * SHARE_OF_ONE_USER);
  // Only users with calls under way.
  const users = new Map<string, Queue>();

  /** A user's calls wait here, and not among those of others. */
  const queueOf = (who: string) => getOrMake(users, who, () => createQueue(mostOfOneUser));

  function leaveOwn(who: string | undefined): void {
    if (who === undefined) return;
    const queue = queueOf(who);
    queue.leave();
    if (queue.isIdle()) users.delete(who);
  }

  return {
    /** Waits for a slot, first come, first served. Resolves to false if that takes too long; after true, call `leave`. */
    async enter(who?: string): Promise<boolean> {
      const from = performance.now();
      if (who !== undefined && !(await queueOf(who).enter(timeoutMs))) return false;
      if (await all.enter(timeoutMs - (performance.now() - from))) return true;
      leaveOwn(who);
      return false;
    },
    /** The same without waiting: false if no slot is free. */
    tryEnter(who?: string): boolean {
      if (who !== undefined && !queueOf(who).tryEnter()) return false;
      if (all.tryEnter()) return true;
      leaveOwn(who);
      return false;
    },
    leave(who?: string): void {
      all.leave();
      leaveOwn(who);
    },
  };
}

type Queue = ReturnType<typeof createQueue>;

function createQueue(size: number) {
  const waiting = new Set<() => void>();
  let free = size;

  function tryEnter(): boolean {
    if (free === 0) return false;
    free--;
    return true;
  }

  return {
    tryEnter,
    async enter(timeoutMs: number): Promise<boolean> {
      if (tryEnter()) return true;
      return new Promise<boolean>((resolve) => {
        const go = () => {
          clearTimeout(timer);
          resolve(true);
        };
        const timer = startBackgroundTimer(() => {
          waiting.delete(go);
          resolve(false);
        }, timeoutMs);
        waiting.add(go);
      });
    },
    leave(): void {
      const [next] = waiting;
      if (next === undefined) free++;
      else {
        waiting.delete(next);
        next();
      }
    },
    isIdle: (): boolean => free === size,
  };
}

/**
 * A part of the library that is loaded when the application turns it on, so that nobody loads what is not used. Its options are
 * checked before that, at once; a request that comes before it is there waits for it.
 */
export interface Part<T> {
  /** `undefined` until it is loaded. */
  readonly loaded: T | undefined;
  readonly loading: Promise<T>;
}

export function loadPart<T>(load: () => Promise<T>): Part<T> {
  let loaded: T | undefined;
  const loading = load().then((part) => {
    loaded = part;
    return part;
  });
  // Each request that needs the part rejects with the error.
  loading.catch(() => {});
  return {
    get loaded() {
      return loaded;
    },
    loading,
  };
}

/** The part, or a promise of it. */
export const partOf = <T>({ loaded, loading }: Part<T>): T | Promise<T> => loaded ?? loading;

/** Calls a function with a value: at once, unless the value is a promise. */
export function then<T, R>(value: T | Promise<T>, act: (value: T) => R | Promise<R>): R | Promise<R> {
  return isThenable(value) ? (value as Promise<T>).then(act) : act(value as T);
}
