/** Tokens that are no longer good although their signature is. All times in seconds since 1970. */
export type Revocation =
  /**
   * One Keycloak session ended (back-channel logout with `sid`): its tokens up to and including `endedAt`.
   * Keycloak is asked about later tokens with the same id, for example offline tokens.
   */
  | {
      readonly type: 'session';
      readonly issuer: string;
      readonly sessionId: string;
      /** By Keycloak's clock. `Verifier.revoke` fills it in; without it, everything the session is ever issued is bad. */
      readonly endedAt?: number | undefined;
    }
  /** Everything a user was issued up to and including `issuedUntil`. */
  | {
      readonly type: 'user';
      readonly issuer: string;
      readonly subject: string;
      readonly issuedUntil: number;
    }
  /** One access token, by its `jti`. */
  | { readonly type: 'token'; readonly issuer: string; readonly tokenId: string }
  /**
   * Everything issued before `notBefore`, in the realm or, where `clientId` is given, to one client. An earlier time
   * never takes a later one back, nor does 0: set afterwards, it leaves to Keycloak what the earlier time hits. It is
   * asked; `tokenCheck: 'local'`, which never asks, keeps refusing.
   */
  | {
      readonly type: 'not-before';
      readonly issuer: string;
      readonly clientId?: string | undefined;
      readonly notBefore: number;
      /** When it was set; `Verifier.revoke` fills it in. */
      readonly setAt?: number | undefined;
    }
  /**
   * Only Keycloak knows whether tokens up to and including `issuedUntil` are still good: refused until it
   * says so, and with `tokenCheck: 'local'`, which never asks, until they expire.
   */
  | {
      readonly type: 'recheck';
      readonly issuer: string;
      readonly issuedUntil: number;
      /** When it was said; `Verifier.revoke` fills it in. */
      readonly setAt?: number | undefined;
    }
  /**
   * Something that tokens say may not be true any more: of those of one user, or without `subject` of all in the realm, which
   * were issued up to and including `issuedUntil`. `renew`: they say too much (a role was taken away), so they are refused
   * and their holders get others. `confirm`: as `recheck`. `ask`: Keycloak is asked first, if it can be.
   */
  | {
      readonly type: 'change';
      readonly issuer: string;
      readonly subject?: string | undefined;
      readonly issuedUntil: number;
      readonly effect: ChangeEffect;
      /** When it was; `Verifier.revoke` fills it in. */
      readonly setAt?: number | undefined;
    };

/** See the revocation `change`. */
export type ChangeEffect = 'renew' | 'confirm' | 'ask';

/** Revocations that are in force, each once, in bounded memory. */
export type RevocationLog = ReturnType<typeof createRevocationLog>;

/** How long a revocation is kept by default: longer than most access tokens live. */
export const REMEMBER_SECONDS = 24 * 60 * 60;
/** If there are more, the oldest is forgotten. */
export const MAX_REVOCATIONS = 1_000_000;

/**
 * @param clock a monotonic clock: one that jumps ahead would forget all revocations. Unit: milliseconds. Default
 * `performance.now`
 * @param rememberSeconds how long each is kept: no shorter than access tokens live. Default a day
 * @param most how many are kept; of those of realms and clients, as many again
 * @throws {RangeError} unless `rememberSeconds` is a positive number
 */
export function createRevocationLog(
  clock: () => number = () => performance.now(),
  rememberSeconds: number = REMEMBER_SECONDS,
  most: number = MAX_REVOCATIONS,
) {
  assertRememberSeconds(rememberSeconds);
  // By key, the newest last: Map keeps the order in which keys were set.
  const known = new Map<string, { readonly revocation: Revocation; readonly addedAt: number }>();
  // One for each realm or client, forgotten only where there are too many: a token may live longer than any time chosen here.
  const policies = new Map<string, Revocation>();

  let keepSeconds = rememberSeconds;

  function forgetOld(now: number): void {
    for (const [key, { addedAt }] of known) {
      if (now - addedAt <= keepSeconds * 1000 && known.size <= most) break;
      known.delete(key);
    }
  }

  return {
    /**
     * Returns what is in force now, if that is a reason to judge tokens again: the revocation itself if it says more than what was
     * known, or a copy of that.
     *
     * @param isFirstHand it comes from Keycloak, not from another process: a change of which no question asked so far can know
     */
    add(revocation: Revocation, isFirstHand: boolean = false): Revocation | undefined {
      const key = toKey(revocation);
      const before = known.get(key)?.revocation ?? policies.get(key);
      const news = before === undefined ? revocation : toNews(revocation, before, isFirstHand);
      const latest = news ?? (before as Revocation);
      if (latest.type === 'not-before' || latest.type === 'recheck') {
        policies.delete(key);
        policies.set(key, latest);
        const [oldest] = policies.keys();
        if (policies.size > most && oldest !== undefined) policies.delete(oldest);
        return news;
      }
      const now = clock();
      known.delete(key);
      known.set(key, { revocation: latest, addedAt: now });
      forgetOld(now);
      return news;
    },
    /** Keeps each for at least this long from now on: some token lives so long. Unit: seconds. */
    keepFor(seconds: number): void {
      if (seconds > keepSeconds) keepSeconds = seconds;
    },
    /**
     * @param parts type, issuer, and the session, subject, token or client that is named; a not-before of 0 has the type
     * `lifted`, a change its effect
     */
    get(...parts: string[]): Revocation | undefined {
      const key = JSON.stringify(parts);
      return known.get(key)?.revocation ?? policies.get(key);
    },
    *all(): Iterable<Revocation> {
      yield* policies.values();
      for (const { revocation } of known.values()) yield revocation;
    },
    size: (): number => known.size + policies.size,
  };
}

/** The revocations of one tenant, for its verifier. */
export interface TenantRevocations {
  readonly log: Pick<RevocationLog, 'add' | 'get' | 'keepFor' | 'size'>;
  /** Tells every listener of news, and returns whether it says something that was not known. See `RevocationLog.add`. */
  add(revocation: Revocation, isFirstHand?: boolean): boolean;
  /** Returns a function that ends it. */
  listen(listener: (revocation: Revocation) => void): () => void;
  /** Whether other processes get them. */
  readonly isShared: boolean;
}

/** @throws {RangeError} */
export function assertRememberSeconds(seconds: unknown): void {
  if (typeof seconds === 'number' && seconds > 0) return;
  throw new RangeError('rememberSeconds must be a positive number, for example 86400');
}

/** Makes one of two about the same thing, in any order of arrival; `undefined` where the first is no news. */
function toNews(after: Revocation, before: Revocation, isFirstHand: boolean): Revocation | undefined {
  const [reach, reachBefore] = [reachOf(after), reachOf(before)];
  const isSame = reach === reachBefore;
  if (isSame ? setAt(after) > setAt(before) : reach > reachBefore) return after;
  const isQuestion = after.type === 'change' || after.type === 'recheck';
  const isEqual = isSame && setAt(after) === setAt(before);
  return isFirstHand && isQuestion && !isEqual ? { ...before } : undefined;
}

/** The time up to which it hits tokens. */
export function reachOf(revocation: Revocation): number {
  switch (revocation.type) {
    case 'session':
      return revocation.endedAt ?? Number.POSITIVE_INFINITY;
    case 'user':
    case 'recheck':
    case 'change':
      return revocation.issuedUntil;
    case 'token':
      return Number.POSITIVE_INFINITY;
    case 'not-before':
      return revocation.notBefore;
  }
}

/** When it was set: if unknown, its own time. */
export function setAt(revocation: Revocation): number {
  return ('setAt' in revocation ? revocation.setAt : undefined) ?? reachOf(revocation);
}

function toKey(revocation: Revocation): string {
  const { type, issuer } = revocation;
  switch (type) {
    case 'session':
      return JSON.stringify([type, issuer, revocation.sessionId]);
    case 'user':
      return JSON.stringify([type, issuer, revocation.subject]);
    case 'token':
      return JSON.stringify([type, issuer, revocation.tokenId]);
    case 'recheck':
      return JSON.stringify([type, issuer]);
    case 'change': {
      const { effect, subject } = revocation;
      return JSON.stringify(subject === undefined ? [effect, issuer] : [effect, issuer, subject]);
    }
    case 'not-before': {
      const kind = revocation.notBefore === 0 ? 'lifted' : type;
      const { clientId } = revocation;
      return JSON.stringify(clientId === undefined ? [kind, issuer] : [kind, issuer, clientId]);
    }
  }
}
