import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { RealmRepresentation } from '../realm/representation.ts';

// Computed as in Keycloak. A client's own value replaces the realm's value for clients, and neither outlives the session.
// Every result is a time in seconds since 1970; `Infinity` means never.

type Settings = RealmRepresentation;

/** When an unused session ends. */
function sessionIdleEnd(settings: Settings, { lastSeenAt, offline, rememberMe }: Session): number {
  if (offline) return lastSeenAt + positive(settings.offlineSessionIdleTimeout, 2_592_000);
  const idle = positive(settings.ssoSessionIdleTimeout, 1800);
  return lastSeenAt + (rememberMe ? Math.max(idle, settings.ssoSessionIdleTimeoutRememberMe ?? 0) : idle);
}

/** When a session ends at the latest. */
export function sessionMaxEnd(settings: Settings, { startedAt, offline, rememberMe }: Session): number {
  if (!offline) return startedAt + ssoMax(settings, rememberMe);
  if (!settings.offlineSessionMaxLifespanEnabled) return Number.POSITIVE_INFINITY;
  return startedAt + positive(settings.offlineSessionMaxLifespan, 5_184_000);
}

/** When the client's part of the session ends without a refresh: never after the session itself. */
function clientIdleEnd(
  settings: Settings,
  client: Client,
  session: Session,
  { lastSeenAt }: ClientSession,
): number {
  const own = session.offline
    ? attribute(client, 'client.offline.session.idle.timeout') || settings.clientOfflineSessionIdleTimeout
    : attribute(client, 'client.session.idle.timeout') || settings.clientSessionIdleTimeout;
  return Math.min(sessionIdleEnd(settings, session), lastSeenAt + positive(own, Number.POSITIVE_INFINITY));
}

/** When the client's part of the session ends at the latest: never after the session itself. */
function clientMaxEnd(
  settings: Settings,
  client: Client,
  session: Session,
  { startedAt }: ClientSession,
): number {
  const end = sessionMaxEnd(settings, session);
  if (session.offline && !settings.offlineSessionMaxLifespanEnabled) return end;
  const own = session.offline
    ? attribute(client, 'client.offline.session.max.lifespan') || settings.clientOfflineSessionMaxLifespan
    : attribute(client, 'client.session.max.lifespan') || settings.clientSessionMaxLifespan;
  return Math.min(end, startedAt + positive(own, Number.POSITIVE_INFINITY));
}

/**
 * When an access token and its ID token expire: after their own lifespan, which an idle session does not shorten, but not
 * after the longest life of the session. -1 means the life of the session; here remember-me may shorten it.
 */
export function accessTokenEnd(
  settings: Settings,
  client: Client,
  session: Session,
  own: ClientSession,
  now: number,
): number {
  const lifespan = attribute(client, 'access.token.lifespan') ?? settings.accessTokenLifespan ?? 300;
  const remembered = session.rememberMe ? settings.ssoSessionMaxLifespanRememberMe : undefined;
  const max = positive(remembered, ssoMax(settings, false));
  const end = lifespan === -1 ? session.startedAt + max : now + lifespan;
  return Math.min(end, clientMaxEnd(settings, client, session, own));
}

/** When a refresh token expires. An offline token never does, unless the realm sets a longest life. */
export function refreshTokenEnd(
  settings: Settings,
  client: Client,
  session: Session,
  own: ClientSession,
): number | undefined {
  if (session.offline && !settings.offlineSessionMaxLifespanEnabled) return undefined;
  return Math.min(
    clientIdleEnd(settings, client, session, own),
    clientMaxEnd(settings, client, session, own),
  );
}

/** Remember-me only lengthens a session. */
function ssoMax(settings: Settings, rememberMe: boolean | undefined): number {
  const max = positive(settings.ssoSessionMaxLifespan, 36_000);
  return rememberMe ? Math.max(max, settings.ssoSessionMaxLifespanRememberMe ?? 0) : max;
}

const positive = (seconds: number | undefined, otherwise: number): number =>
  seconds !== undefined && seconds > 0 ? seconds : otherwise;

/** Empty counts as missing: Keycloak's admin API removes attributes that way. */
function attribute({ attributes }: Client, name: string): number | undefined {
  const text = attributes[name]?.trim();
  return text ? Number.parseInt(text, 10) : undefined;
}

/** One client's part of a session. Times are in seconds since 1970. */
export interface ClientSession {
  readonly clientId: string;
  readonly startedAt: number;
  lastSeenAt: number;
  /** Alias of the organization that the person signed in for. */
  organization?: string;
  /** Uses of each refresh token, if they are limited. */
  readonly refreshTokenUses: Record<string, number>;
}

/** A signed-in user. Times are in seconds since 1970. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly startedAt: number;
  lastSeenAt: number;
  readonly offline: boolean;
  /** Whether the person asked to be remembered, which may lengthen the session. */
  readonly rememberMe?: boolean;
  /** Secret in the cookie of the browser that owns the session. A password grant has none. */
  cookie?: string | undefined;
  /** Values that mappers can add to tokens: `AUTH_TIME`, `clientAddress`, … */
  readonly notes: Record<string, string>;
  readonly clients: Record<string, ClientSession>;
}

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
    (stored?.sessions ?? []).map((session) => [keyOf(session.id, session.offline), session]),
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
    start(options: NewSession): Session {
      const session = newSession(options, clock);
      byId.set(keyOf(session.id, session.offline), session);
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
    ofUser: (userId: string) =>
      [...byId.values()].filter((session) => session.userId === userId && isAlive(session)),
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

/** A session that nobody finds. */
export function newSession(
  { userId, offline = false, rememberMe = false, notes = {}, id = newId() }: NewSession,
  clock: Clock,
): Session {
  const now = clock.seconds();
  return { id, userId, startedAt: now, lastSeenAt: now, offline, rememberMe, notes, clients: {} };
}

export function newPart({ clientId }: Client, clock: Clock): ClientSession {
  const now = clock.seconds();
  return { clientId, startedAt: now, lastSeenAt: now, refreshTokenUses: {} };
}

const newId = () => randomBytes(18).toString('base64url');
