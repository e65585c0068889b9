import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import { clientIdleEnd, clientMaxEnd, sessionIdleEnd, sessionMaxEnd } from './lifespans.ts';
import type { Client } from './realm/client.ts';
import type { Realm } from './realm/realm.ts';
import type { ClientSession, Session } from './session.ts';

export interface NewSession {
  readonly userId: string;
  readonly offline?: boolean;
  readonly rememberMe?: boolean;
  readonly notes?: Record<string, string>;
  readonly id?: string;
}

export type Sessions = ReturnType<typeof createSessions>;

export interface StoredSessions {
  readonly sessions: readonly Session[];
  readonly revoked: readonly (readonly [string, number])[];
}

export function createSessions(realm: Realm, clock: Clock, stored?: StoredSessions) {
  const keyOf = (id: string, offline: boolean) => `${offline ? 'offline' : 'online'} ${id}`;
  const byId = new Map(
    (stored?.sessions ?? []).map((session) => [keyOf(session.id, session.offline), withTimes(session)]),
  );
  const revoked = new Map(stored?.revoked ?? []);

  const isAlive = (session: Session): boolean => {
    const end = Math.min(sessionIdleEnd(realm.settings, session), sessionMaxEnd(realm.settings, session));
    return end > clock.seconds();
  };

  /** The client's part of the session, unless it has ended or expired. */
  const partOf = (session: Session, client: Client): ClientSession | undefined => {
    const part = session.clients[client.clientId];
    if (part === undefined) return undefined;
    const { settings } = realm;
    const end = Math.min(
      clientIdleEnd(settings, client, session, part),
      clientMaxEnd(settings, client, session, part),
    );
    return end > clock.seconds() ? part : undefined;
  };
  /** The client's part of the session, made if there is none. */
  const join = (session: Session, client: Client): ClientSession => {
    const part = partOf(session, client) ?? newPart(client, clock);
    session.clients[client.clientId] = part;
    return part;
  };

  return {
    start({ userId, offline = false, rememberMe = false, notes = {}, id = newId() }: NewSession): Session {
      const now = clock.seconds();
      const times = { startedAt: now, lastSeenAt: now };
      const session: Session = { id, userId, ...times, offline, rememberMe, notes, clients: {} };
      byId.set(keyOf(id, offline), session);
      return session;
    },
    /** The session, unless it has ended or expired. */
    find(id: string, offline = false): Session | undefined {
      const session = byId.get(keyOf(id, offline));
      if (session === undefined) return undefined;
      if (isAlive(session)) return session;
      byId.delete(keyOf(id, offline));
      return undefined;
    },
    ofUser: (userId: string) => [...byId.values()].filter((session) => session.userId === userId),
    end(session: Session): void {
      byId.delete(keyOf(session.id, session.offline));
    },
    partOf,
    join,
    /** Marks the session and the client's part of it as used. */
    touch(session: Session, client: Client): void {
      const part = join(session, client);
      part.lastSeenAt = clock.seconds();
      session.lastSeenAt = part.lastSeenAt;
    },
    revoke(tokenId: string, expiresAt: number): void {
      revoked.set(tokenId, expiresAt);
    },
    isRevoked: (tokenId: string) => revoked.has(tokenId),
    toStored(): StoredSessions {
      const now = clock.seconds();
      return {
        sessions: [...byId.values()].filter(isAlive),
        revoked: [...revoked].filter(([, expiresAt]) => expiresAt > now),
      };
    },
  };
}

export function newPart({ clientId }: Client, clock: Clock): ClientSession {
  const now = clock.seconds();
  return { clientId, startedAt: now, lastSeenAt: now, refreshTokenUses: {} };
}

const newId = () => randomBytes(18).toString('base64url');

/** An older state file has no times for the clients' parts: they get those of the session. */
function withTimes(session: Session): Session {
  const { startedAt, lastSeenAt } = session;
  const parts = Object.entries<Partial<ClientSession>>(session.clients).map(([id, part]) => [
    id,
    { startedAt, lastSeenAt, ...part },
  ]);
  return { ...session, clients: Object.fromEntries(parts) };
}
