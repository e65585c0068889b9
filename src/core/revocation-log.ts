/** Tokens that are no longer good although their signature is. All times in seconds since 1970. */
export type Revocation =
  /** One Keycloak session ended (back-channel logout with `sid`). */
  | { readonly type: 'session'; readonly issuer: string; readonly sessionId: string }
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
   * never takes a later one back; 0 does, where it was set afterwards.
   */
  | {
      readonly type: 'not-before';
      readonly issuer: string;
      readonly clientId?: string | undefined;
      readonly notBefore: number;
      /** When it was set; `Verifier.revoke` fills it in. */
      readonly setAt?: number | undefined;
    };

/** Revocations that are in force, each once, in bounded memory. */
export interface RevocationLog {
  /** Returns whether it says something that was not known. */
  add(revocation: Revocation): boolean;
  /** @param parts type, issuer, and the session, subject, token or client that is named */
  get(...parts: string[]): Revocation | undefined;
  all(): Iterable<Revocation>;
  readonly size: number;
}

/** How long a revocation is remembered: longer than any sensible access token lives. */
const REMEMBER_MS = 24 * 60 * 60 * 1000;
/** The oldest is forgotten where there are more. */
export const MAX_REVOCATIONS = 1_000_000;

/** @param clock time now. Unit: milliseconds since 1970. Default `Date.now` */
export function createRevocationLog(clock: () => number = Date.now): RevocationLog {
  // By key, the newest last: Map keeps the order in which keys were set.
  const known = new Map<string, { readonly revocation: Revocation; readonly addedAt: number }>();
  // One for each realm or client, never forgotten: a token may live longer than any time chosen here.
  const policies = new Map<string, Revocation>();

  function forgetOld(now: number): void {
    for (const [key, { addedAt }] of known) {
      if (now - addedAt <= REMEMBER_MS && known.size <= MAX_REVOCATIONS) break;
      known.delete(key);
    }
  }

  return {
    add(revocation) {
      const key = toKey(revocation);
      const before = known.get(key)?.revocation ?? policies.get(key);
      const isNew = before === undefined || saysMore(revocation, before);
      const latest = isNew ? revocation : before;
      if (latest.type === 'not-before') {
        policies.set(key, latest);
        return isNew;
      }
      const now = clock();
      known.delete(key);
      known.set(key, { revocation: latest, addedAt: now });
      forgetOld(now);
      return isNew;
    },
    get(...parts) {
      const key = JSON.stringify(parts);
      return known.get(key)?.revocation ?? policies.get(key);
    },
    *all() {
      yield* policies.values();
      for (const { revocation } of known.values()) yield revocation;
    },
    get size() {
      return known.size + policies.size;
    },
  };
}

/** Of two that are about the same, in whichever order they arrive. */
function saysMore(after: Revocation, before: Revocation): boolean {
  if (after.type === 'user' && before.type === 'user') return after.issuedUntil > before.issuedUntil;
  if (after.type !== 'not-before' || before.type !== 'not-before') return false;
  if (after.notBefore === before.notBefore) return setAt(after) > setAt(before);
  return after.notBefore > before.notBefore || (after.notBefore === 0 && setAt(after) >= setAt(before));
}

/** Where nobody knows, it was set for that very time. */
function setAt(policy: { readonly setAt?: number | undefined; readonly notBefore: number }): number {
  return policy.setAt ?? policy.notBefore;
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
    case 'not-before':
      return JSON.stringify(
        revocation.clientId === undefined ? [type, issuer] : [type, issuer, revocation.clientId],
      );
  }
}
