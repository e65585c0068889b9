import type { Client } from './realm/client.ts';
import type { RealmRepresentation } from './realm/representation.ts';
import type { ClientSession, Session } from './session.ts';

// Computed as in Keycloak. A client's own value replaces the realm's value for clients, and neither outlives the session.
// Every result is a time in seconds since 1970; `Infinity` means never.

type Settings = RealmRepresentation;

/** When an unused session ends. */
export function sessionIdleEnd(settings: Settings, { lastSeenAt, offline, rememberMe }: Session): number {
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
export function clientIdleEnd(
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
export function clientMaxEnd(
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
  const wanted = lifespan === -1 ? session.startedAt + max : now + lifespan;
  return Math.min(wanted, clientMaxEnd(settings, client, session, own));
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
