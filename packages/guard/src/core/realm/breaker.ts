import { createBoundedCache } from '../runtime/bounded-cache.ts';
import type { SilenceKind } from './fetch-json.ts';

/**
 * Decides when to stop asking a Keycloak that does not answer. It opens for all users if no connection can be made or an
 * answer is not Keycloak's (a proxy's 502). An answer that is too slow, too large or cut off concerns the user who asked:
 * some accounts are expensive. It opens for all only after a second user had the same, and no user got an answer while they
 * waited: two accounts of one attacker can wait at the same time.
 */
export type Breaker = ReturnType<typeof createBreaker>;

/** Pause after it opened. Then one call probes. Unit: milliseconds. */
const PAUSE_MS = 2_000;
/** How long one probe keeps others out: it may be the question of an account whose answers are slow. */
const PROBE_MS = 1_000;
/** How long "slow" counts: without calls, its end would not be noticed. */
export const SLOW_MS = 10_000;
/** Most users who are known to have slow answers. */
const MAX_SLOW_USERS = 1_000;

/** @param clock Unit: milliseconds. Default: a monotonic clock */
export function createBreaker(clock: () => number = () => performance.now()) {
  const NEVER = Number.NEGATIVE_INFINITY;
  const slowUsers = createBoundedCache<number>(MAX_SLOW_USERS);
  let openedAt = NEVER;
  let probedAt = NEVER;
  let slowForAllAt = NEVER;
  let lastSlow = '';
  let answers = 0;

  const isWithin = (from: number, ms: number, now: number) => now >= from && now - from < ms;
  const isSlowSince = (at: number) => isWithin(at, SLOW_MS, performance.now());
  const isSlowUser = (who = '') => isSlowSince(slowUsers.get(who) ?? NEVER);

  function isOpen(): boolean {
    const now = clock();
    if (isWithin(openedAt, PAUSE_MS, now)) return true;
    // After a longer silence, those who come find out together.
    return isWithin(openedAt, SLOW_MS, now) && isWithin(probedAt, PROBE_MS, now);
  }

  /** @returns whether it concerns all users */
  function slow(who: string | undefined, answersBefore: number): boolean {
    const at = performance.now();
    const isOther = lastSlow !== who && isSlowUser(lastSlow);
    const isSecond = isOther && answers === answersBefore;
    if (who === undefined || isSecond) slowForAllAt = at;
    if (who !== undefined) {
      slowUsers.set(who, at);
      lastSlow = who;
    }
    return who === undefined || isSecond;
  }

  return {
    /** True while no call should be made. */
    get isOpen(): boolean {
      return isOpen();
    },
    /** How many quick answers came. Read it when a wait begins, for `slow` and `failed`. */
    get answers(): number {
      return answers;
    },
    /** Whether an answer is not worth waiting for, for this user: {@link SLOW_MS} after the last failure or `slow`. */
    isSlowFor: (who: string | undefined): boolean => isSlowSince(slowForAllAt) || isSlowUser(who),
    /** A call begins. While others are kept out, it is the probe. */
    begin(): void {
      probedAt = clock();
    },
    /** Keycloak answered. @param isQuick it is not slow any more */
    answered(isQuick: boolean = true): void {
      openedAt = NEVER;
      if (!isQuick) return;
      answers++;
      slowForAllAt = NEVER;
      lastSlow = '';
      slowUsers.clear();
    },
    /** An answer takes longer than a request should wait. @param answers see `answers` */
    slow: (who: string | undefined, before: number): void => void slow(who, before),
    /** A call got no usable answer. @returns whether that concerns all users */
    failed(who: string | undefined, kind: SilenceKind, before: number): boolean {
      // The API's own question can be too large for ever; only the time that it takes tells of Keycloak.
      if (who === undefined && kind !== 'unreachable' && kind !== 'late') return false;
      const concernsAll = slow(kind === 'unreachable' ? undefined : who, before);
      if (concernsAll) openedAt = clock();
      return concernsAll;
    },
  };
}
