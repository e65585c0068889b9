import {
  type ChangeEffect,
  createRevocationLog,
  type Revocation,
  type RevocationLog,
  reachOf,
  setAt,
} from './revocation-log.ts';

/**
 * A number that grows whenever something that was true of every cached token may no longer be: a key left the
 * JWKS, the issuer changed, something was revoked. A cached token remembers the number it was last judged at, so a
 * change costs nothing until a token is used, and no list of tokens is ever walked.
 */
export interface Epoch {
  readonly value: number;
  advance(): void;
}

export function createEpoch(): Epoch {
  // No accessor: there is one for each realm, and each would be of a shape of its own, which is slow to read.
  const epoch = {
    value: 0,
    advance() {
      epoch.value++;
    },
  };
  return epoch;
}

/** The claims by which {@link RevocationList.judge} finds a token. */
export interface RevocableToken {
  readonly iss: string;
  readonly sid?: unknown;
  readonly sub?: unknown;
  readonly azp?: unknown;
  readonly jti?: unknown;
  readonly iat?: unknown;
}

/** A revocation that concerns a token. */
export interface RevocationHit {
  readonly revocation: Revocation;
  /**
   * `refuse`: the token is bad. `confirm`: it is bad unless Keycloak says that it is good. `ask`: it is as good as any
   * other, but Keycloak is asked first.
   */
  readonly verdict: 'refuse' | 'confirm' | 'ask';
  /** The `epoch` in which it came in: an answer of Keycloak's to an earlier question settles nothing. */
  readonly since: number;
}

/** The revocations this process knows, looked up without waiting. */
export type RevocationList = ReturnType<typeof createRevocationList>;

const CHANGES: readonly (readonly [ChangeEffect, RevocationHit['verdict']])[] = [
  ['renew', 'refuse'],
  ['confirm', 'confirm'],
  ['ask', 'ask'],
];
const STRICTNESS = { ask: 1, confirm: 2, refuse: 3 } as const;

export function createRevocationList(
  epoch: Epoch,
  log: Pick<RevocationLog, 'add' | 'get' | 'keepFor' | 'size'> = createRevocationLog(),
) {
  const arrivals = new WeakMap<Revocation, number>();

  function* concerns(token: RevocableToken): Generator<[Revocation, RevocationHit['verdict']]> {
    const { iss, sid, sub, jti, azp } = token;
    // Without a time of issue it may be of any age.
    const issuedAt = typeof token.iat === 'number' ? token.iat : 0;
    const ended = typeof sid === 'string' ? log.get('session', iss, sid) : undefined;
    if (ended !== undefined) yield [ended, reaches(ended, issuedAt) ? 'refuse' : 'ask'];
    const bad = typeof jti === 'string' ? log.get('token', iss, jti) : undefined;
    const user = typeof sub === 'string' ? log.get('user', iss, sub) : undefined;
    for (const one of [bad, user]) if (one !== undefined && reaches(one, issuedAt)) yield [one, 'refuse'];
    for (const key of typeof azp === 'string' ? [[iss], [iss, azp]] : [[iss]]) {
      const policy = log.get('not-before', ...key);
      if (policy === undefined || !reaches(policy, issuedAt)) continue;
      const lifted = log.get('lifted', ...key);
      if (lifted !== undefined && setAt(lifted) >= setAt(policy)) yield [lifted, 'confirm'];
      else yield [policy, 'refuse'];
    }
    const recheck = log.get('recheck', iss);
    if (recheck !== undefined && reaches(recheck, issuedAt)) yield [recheck, 'confirm'];
    for (const [effect, verdict] of CHANGES) {
      for (const key of typeof sub === 'string' ? [[iss], [iss, sub]] : [[iss]]) {
        const change = log.get(effect, ...key);
        if (change !== undefined && reaches(change, issuedAt)) yield [change, verdict];
      }
    }
  }

  function noteArrival(revocation: Revocation): void {
    epoch.advance();
    arrivals.set(revocation, epoch.value);
  }

  return {
    /** The strictest of the revocations that concern the token, or `undefined`. */
    judge(token: RevocableToken): RevocationHit | undefined {
      if (log.size() === 0) return undefined;
      let hit: RevocationHit | undefined;
      for (const [revocation, verdict] of concerns(token)) {
        // It may be older than this list.
        const since = Math.max(arrivals.get(revocation) ?? 0, hit?.since ?? 0);
        const isStricter = hit === undefined || STRICTNESS[verdict] > STRICTNESS[hit.verdict];
        hit = isStricter ? { revocation, verdict, since } : { ...(hit as RevocationHit), since };
      }
      return hit;
    },
    /** The `epoch` in which the last change of this user, or of all, came in: what was known before may be over. 0: none did. */
    changedAt(issuer: string, subject: string): number {
      if (log.size() === 0) return 0;
      const changes = CHANGES.flatMap(([effect]) => [
        log.get(effect, issuer),
        log.get(effect, issuer, subject),
      ]);
      return Math.max(0, ...changes.map((change) => (change && arrivals.get(change)) ?? 0));
    },
    /** See `RevocationLog.keepFor`. */
    keepFor: log.keepFor,
    /** Returns whether it says something that was not known. @param isFirstHand see `RevocationLog.add` */
    add(revocation: Revocation, isFirstHand?: boolean): boolean {
      const news = log.add(revocation, isFirstHand);
      if (news !== undefined) noteArrival(news);
      return news === revocation;
    },
    /** One came into a log that others share. */
    noteArrival: noteArrival,
    size: log.size,
  };
}

/** Whether a token of that time is among those it makes bad. A not-before spares those that were issued in its second. */
function reaches(revocation: Revocation, issuedAt: number): boolean {
  const reach = reachOf(revocation);
  return revocation.type === 'not-before' ? issuedAt < reach : issuedAt <= reach;
}
