import type { RevocableToken } from '../revocation/revocation-list.ts';
import type { TokenOptions } from './verify.ts';

/**
 * The time for which a reader of every event vouches for tokens: one that was good at a time from `since` on, and that no event
 * names until `until`, is good at `until`. Unit of both: milliseconds since 1970.
 */
export interface Coverage {
  since: number;
  until: number;
  /** A token is rechecked after so long in any case: some ends have no event. Unit: milliseconds. */
  askAfterMs: number;
}

/** Of a verifier without events. */
export function createCoverage(): Coverage {
  return { since: Number.POSITIVE_INFINITY, until: 0, askAfterMs: 0 };
}

/** How long a token in memory is believed. Times in milliseconds since 1970. */
export interface Trust {
  readonly expiresAt: number;
  /** From here … */
  quietFrom: number;
  /** … to here it is good without a second thought. */
  quietUntil: number;
  /** After this, a request waits until Keycloak has been asked. */
  trustedUntil: number;
  /** Time of Keycloak's last answer about it, or of its issue. 0: earlier answers do not count. */
  confirmedAt: number;
}

/** `aging`: good, and time to ask again. `stale`: not to be believed before Keycloak has been asked. */
export type Age = 'fresh' | 'aging' | 'stale';

/** When Keycloak is asked about a token again: all that differs between `local`, `recheck` and `remote`. */
export type Freshness = ReturnType<typeof createFreshness>;

/** The token that it is about. */
interface WithClaims {
  readonly claims: RevocableToken;
}

type FreshnessOptions = Pick<
  TokenOptions,
  'clockToleranceSeconds' | 'recheckSeconds' | 'tokenCheck' | 'whenUnavailable'
>;

export function createFreshness(options: FreshnessOptions, coverage: Coverage) {
  const { tokenCheck, whenUnavailable } = options;
  const trustMs = options.recheckSeconds * 1000;
  const toleranceMs = options.clockToleranceSeconds * 1000;
  const isTimed = tokenCheck === 'recheck';

  function trustFrom(trust: Trust, from: number): void {
    if (tokenCheck === 'local') keepToTheEnd(trust);
    else if (isTimed) {
      // Asked again when half of the time is over, so that no token in use ever waits.
      trust.quietUntil = Math.min(from + trustMs / 2, trust.expiresAt);
      trust.trustedUntil = from + trustMs;
    }
  }

  /** No event has named it since: as good as an answer of that time. */
  function extendTrust(trust: Trust & WithClaims, now: number): void {
    const { since, until, askAfterMs } = coverage;
    const isCovered =
      trust.confirmedAt >= since && now - trust.confirmedAt < askAfterMs && hasEventIds(trust.claims);
    // A time in the future means that the clock was set back.
    if (!isCovered || until + trustMs <= trust.trustedUntil || until > now) return;
    trust.quietFrom = until;
    trustFrom(trust, until);
  }

  function keepToTheEnd(trust: Trust): void {
    trust.quietUntil = trust.expiresAt;
    trust.trustedUntil = trust.expiresAt;
  }

  return {
    /** Keycloak is never asked: local knowledge decides. */
    asksNever: tokenCheck === 'local',
    /** Every request asks for itself: no answer is used twice. */
    asksAlways: tokenCheck === 'remote',
    /** Where Keycloak does not answer, the token is refused, though its signature is good. */
    needsAnswer: tokenCheck === 'remote' || (isTimed && whenUnavailable === 'refuse'),
    ageOf(trust: Trust & WithClaims, now: number): Age {
      if (tokenCheck === 'local') {
        // The clock may have been set back.
        trust.quietFrom = now;
        return 'fresh';
      }
      if (now < trust.quietFrom) return 'stale';
      if (isTimed && now >= trust.quietUntil) extendTrust(trust, now);
      if (now >= trust.trustedUntil) return 'stale';
      return now < trust.quietUntil ? 'fresh' : 'aging';
    },
    /** Whether the last answer is good for a request that came at that time. */
    covers: (trust: Trust, cameAt: number): boolean => !isTimed || cameAt < trust.trustedUntil,
    /** For a token that was never seen: the time of its issue counts as the last answer. */
    begin(trust: Trust, issuedAt: number | undefined = 0, now: number): void {
      const issuedAtMs = issuedAt * 1000;
      // A time of issue in the future says nothing about the token's age: Keycloak is asked about it at once.
      trust.confirmedAt = issuedAtMs > now + toleranceMs ? 0 : Math.min(issuedAtMs, now);
      trustFrom(trust, trust.confirmedAt);
    },
    /** @param sentAt when Keycloak was asked the question that it answered well */
    renew(trust: Trust, sentAt: number): void {
      trust.quietFrom = sentAt;
      trust.confirmedAt = sentAt;
      trustFrom(trust, sentAt);
    },
    /** It cannot be asked about: only its signature counts. */
    keepToTheEnd,
    /** Asked again when the trust is over, not before. */
    postpone(trust: Trust): void {
      trust.quietUntil = trust.trustedUntil;
    },
    /** Earlier answers no longer count. */
    end(trust: Trust): void {
      trust.confirmedAt = 0;
      trust.quietUntil = 0;
      trust.trustedUntil = 0;
    },
  };
}

/** Of a service account (since Keycloak 26.4), which has no session. */
const SERVICE_TOKEN = /^\w{4}cc:/;

/** Whether it has every id by which events name tokens. */
function hasEventIds(claims: RevocableToken): boolean {
  const { jti, sub, azp, sid } = claims;
  const hasNames = [jti, sub, azp].every((name) => typeof name === 'string');
  return hasNames && (typeof sid === 'string' || SERVICE_TOKEN.test(jti as string));
}
