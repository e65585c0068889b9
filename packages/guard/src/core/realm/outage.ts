import type { AuthError } from '../http/errors.ts';
import { createBoundedCache } from '../runtime/cache.ts';
import type { Notice } from '../runtime/notice.ts';
import type { FailureKind } from './fetch-json.ts';
import { OTHER_ISSUER } from './issuer.ts';

/** Advice where nothing answers, or not as a realm does; `undefined`: the operator can only wait. */
export function adviseOnRealm({ code, seen = '' }: AuthError): string | undefined {
  if (code !== 'provider_misconfigured') return NO_ANSWER.find(([error]) => error.test(seen))?.[1];
  if (seen.startsWith('HTTP 404')) {
    return 'Check the name of the realm, in its exact case, and the path of the server URL: with or without /auth';
  }
  if (seen === OTHER_ISSUER) {
    return 'Correct the option issuer, or set none: that of Keycloak is taken then';
  }
  if (seen === 'HTTP 401' || seen === 'HTTP 403') {
    return 'Keycloak asks nobody for credentials here: look at what stands between, and at "Require SSL" of the realm';
  }
  return 'Check the server URL: something else than the realm answers there';
}

/** By the codes of errors of Node.js and OpenSSL. */
const NO_ANSWER: readonly (readonly [error: RegExp, advice: string])[] = [
  [
    /^ECONNREFUSED$/,
    'Nothing listens there: check host and port of the server URL. In a container, localhost is the container itself',
  ],
  [/^ENOTFOUND$/, 'No host has that name: check the server URL'],
  [/WRONG_VERSION|PACKET_LENGTH/, 'That port speaks no TLS: the server URL needs http, or another port'],
  [
    /CERT|VERIFY_LEAF/,
    'The certificate is not trusted: start with NODE_EXTRA_CA_CERTS=<file> (not in .env), the certificate of the authority that issued it, or a self-signed one itself',
  ],
];

/** The purpose of a call: keys, checks of tokens, or calls of the application's own, such as logins. */
export type CalledFor = 'keys' | 'checks' | 'calls';

/**
 * Whether Keycloak answers, shared by all who call it. An outage is reported once, and so is its end.
 */
export interface Outage {
  /** Keycloak does not answer at the moment. */
  isDown(): boolean;
  /** Whether the last call for this got no answer. */
  isFailing(calledFor: CalledFor): boolean;
  /**
   * A call got no answer.
   *
   * @param isNewCause the reporter of the outage reports this one too
   */
  failed(calledFor: CalledFor, error: AuthError, isNewCause?: boolean): void;
  /**
   * A call was answered.
   *
   * @returns true if the outage is over and the loader of the keys had reported it: `keys_loaded` reports the end
   */
  answered(calledFor: CalledFor): boolean;
}

export function createOutage(onNotice: (notice: Notice) => void): Outage {
  const failing = new Set<CalledFor>();
  let reportedFor: CalledFor | undefined;
  let hasAnsweredSince = false;

  return {
    isDown: () => failing.size > 0 && !hasAnsweredSince,
    isFailing: (calledFor) => failing.has(calledFor),
    failed(calledFor, error, isNewCause = false) {
      failing.add(calledFor);
      hasAnsweredSince = false;
      const isReported = reportedFor === undefined || (reportedFor === calledFor && isNewCause);
      reportedFor ??= calledFor;
      if (!isReported) return;
      const code = calledFor === 'keys' ? 'keys_unavailable' : 'provider_unavailable';
      const fix = adviseOnRealm(error);
      onNotice({ level: 'error', code, message: error.reason, ...(fix && { fix }) });
    },
    answered(calledFor) {
      // It was not answered before: Keycloak is back, though nobody has called for the rest yet.
      if (failing.has(calledFor)) failing.clear();
      // This always came. The next other call shows whether the rest does.
      else hasAnsweredSince = true;
      const before = reportedFor;
      if (failing.size > 0 || before === undefined) return false;
      reportedFor = undefined;
      if (before === 'keys') return true;
      onNotice({ level: 'info', code: 'provider_back', message: 'Keycloak answers again' });
      return false;
    },
  };
}

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
const SLOW_MS = 10_000;
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
    isOpen,
    /** How many quick answers came. Read it when a wait begins, for `slow` and `failed`. */
    answers: (): number => answers,
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
    failed(who: string | undefined, kind: FailureKind, before: number): boolean {
      // The API's own question can be too large for ever; only its time says something about Keycloak.
      if (who === undefined && kind !== 'unreachable' && kind !== 'late') return false;
      const concernsAll = slow(kind === 'unreachable' ? undefined : who, before);
      if (concernsAll) openedAt = clock();
      return concernsAll;
    },
  };
}
