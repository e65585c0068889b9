import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Realm } from './realm/realm.ts';

/** What one client has of a session. */
export interface ClientSession {
  readonly clientId: string;
  /** How often each refresh token was used, where they are good for a number of times. */
  readonly refreshTokenUses: Record<string, number>;
}

/** A user who is signed in. Times are seconds since 1970. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly startedAt: number;
  lastSeenAt: number;
  readonly offline: boolean;
  /** Proof in the browser's cookie that it owns the session; none for a password grant. */
  cookie?: string | undefined;
  /** Values that mappers can put into tokens: `AUTH_TIME`, `clientAddress`, … */
  readonly notes: Record<string, string>;
  readonly clients: Record<string, ClientSession>;
}

export interface Sessions {
  start(options: { userId: string; offline?: boolean; notes?: Record<string, string>; id?: string }): Session;
  /** The session, unless it ended or expired. */
  find(id: string, offline?: boolean): Session | undefined;
  ofUser(userId: string): Session[];
  end(session: Session): void;
  /** Seconds until the session expires when nothing happens. */
  secondsLeft(session: Session): number;
  revoke(tokenId: string, expiresAt: number): void;
  isRevoked(tokenId: string): boolean;
  toStored(): StoredSessions;
}

export interface StoredSessions {
  readonly sessions: readonly Session[];
  readonly revoked: readonly (readonly [string, number])[];
}

export function createSessions(realm: Realm, clock: Clock, stored?: StoredSessions): Sessions {
  const keyOf = (id: string, offline: boolean) => `${offline ? 'offline' : 'online'} ${id}`;
  const byId = new Map(
    (stored?.sessions ?? []).map((session) => [keyOf(session.id, session.offline), session]),
  );
  const revoked = new Map(stored?.revoked ?? []);

  const sessions: Sessions = {
    start({ userId, offline = false, notes = {}, id = randomBytes(18).toString('base64url') }) {
      const now = clock.seconds();
      const session: Session = { id, userId, startedAt: now, lastSeenAt: now, offline, notes, clients: {} };
      byId.set(keyOf(id, offline), session);
      return session;
    },
    find(id, offline = false) {
      const session = byId.get(keyOf(id, offline));
      if (session === undefined) return undefined;
      if (sessions.secondsLeft(session) > 0) return session;
      byId.delete(keyOf(id, offline));
      return undefined;
    },
    ofUser: (userId) => [...byId.values()].filter((session) => session.userId === userId),
    end(session) {
      byId.delete(keyOf(session.id, session.offline));
    },
    secondsLeft({ startedAt, lastSeenAt, offline }) {
      const { settings } = realm;
      const now = clock.seconds();
      if (offline) return lastSeenAt + (settings.offlineSessionIdleTimeout ?? 2_592_000) - now;
      const idle = lastSeenAt + (settings.ssoSessionIdleTimeout ?? 1800) - now;
      return Math.min(idle, startedAt + (settings.ssoSessionMaxLifespan ?? 36_000) - now);
    },
    revoke(tokenId, expiresAt) {
      revoked.set(tokenId, expiresAt);
    },
    isRevoked: (tokenId) => revoked.has(tokenId),
    toStored() {
      const now = clock.seconds();
      return {
        sessions: [...byId.values()].filter((session) => sessions.secondsLeft(session) > 0),
        revoked: [...revoked].filter(([, expiresAt]) => expiresAt > now),
      };
    },
  };
  return sessions;
}
