import { createBoundedCache, createSingleFlight } from '../../core/internal.ts';
import { decodeCookie } from '../cookie/cookies.ts';
import type { ResolvedSessionOptions } from '../resolved-options.ts';
import { createEndings } from './endings.ts';
import { type LiveSession, sizeOf } from './record.ts';
import { createRenewal } from './renewal.ts';
import { createStoredSessions } from './stored-sessions.ts';

/** Begins, finds, renews and ends sessions. Everything that can fail rejects with an `AuthError`. */
export type SessionKeeper = ReturnType<typeof createSessionKeeper>;

/** How long a session is served from memory before the store is asked again whether it is still there. */
const TRUST_MEMORY_MS = 10_000;
/** Most characters of the tokens of a session that is kept in memory: a larger one is read from the store each time. */
const LARGEST_CACHED = 16_384;
const isSmall = ({ record }: LiveSession): boolean => sizeOf(record) <= LARGEST_CACHED;

export function createSessionKeeper(
  options: ResolvedSessionOptions,
  endings = createEndings(options.store, options.maxMs),
  keyPrefix = '',
) {
  const { store, clock, idleMs, maxMs } = options;
  const stored = createStoredSessions(options, endings, keyPrefix);
  // Keyed by the decoded cookie: encodings vary.
  const live = createBoundedCache<LiveSession>(Math.max(1, options.maxCachedSessions));
  const touchEveryMs = Math.min(60_000, idleMs / 20);
  const fetchOnce = createSingleFlight<LiveSession | null>();

  const renewOnce = createRenewal({
    options,
    load: stored.load,
    replace: stored.replace,
    async end(session) {
      await end(session.cookie);
      options.emit('ended', 'refresh_refused', null, session.record.accessToken);
    },
  });

  async function fetchSession(cookie: string): Promise<LiveSession | null> {
    const ids = stored.readCookie(cookie);
    const session = ids === null ? null : await stored.load(ids);
    if (session === null) {
      live.delete(cookie);
      return null;
    }
    session.touchedAt = live.get(cookie)?.touchedAt ?? 0;
    if (options.maxCachedSessions > 0 && isSmall(session)) live.set(cookie, session);
    return session;
  }

  async function renew(session: LiveSession): Promise<LiveSession | null> {
    const renewed = await renewOnce(session);
    if (renewed === null || !isSmall(renewed)) live.delete(session.cookie);
    return renewed;
  }

  function use(session: LiveSession, isUse: boolean): LiveSession | Promise<LiveSession | null> {
    if (isUse) touch(session);
    return settle(session);
  }

  /** With a valid access token; waits only for a renewal. */
  function settle(session: LiveSession): LiveSession | Promise<LiveSession | null> {
    const now = clock();
    if (now < session.record.renewAt) return session;
    const renewed = renew(session);
    if (now >= session.record.accessExpiresAt) return renewed;
    // There is time left: do not wait. The next request retries a failure.
    renewed.catch(() => {});
    return session;
  }

  /** Not for every request: a session may end up to a twentieth of its idle time early. */
  function touch(session: LiveSession): void {
    const now = clock();
    if (now - session.touchedAt < touchEveryMs) return;
    session.touchedAt = now;
    store.touch(session.key, stored.ttlOf(session.record)).catch(() => {
      session.touchedAt = 0;
    });
  }

  async function end(cookie: string): Promise<boolean> {
    const ids = stored.read(cookie);
    if (ids === null) return true;
    live.delete(ids.cookie);
    return endings.end(ids.key);
  }

  return {
    /** Whether a cookie was signed here: another one belongs to another app, though it has the name of ours. */
    isOurs: (cookie: string): boolean => stored.read(cookie) !== null,
    begin: stored.begin,
    /**
     * The session of a cookie, with an access token that has not expired; synchronous if no wait is needed.
     * `null` if it does not exist (any more).
     *
     * @param isUse whether this restarts its idle time. Default true
     */
    find(spelled: string, isUse: boolean = true): LiveSession | null | Promise<LiveSession | null> {
      const cookie = decodeCookie(spelled);
      if (cookie === null) return null;
      const session = live.get(cookie);
      const now = clock();
      const isKnown =
        session !== undefined &&
        now - session.loadedAt < TRUST_MEMORY_MS &&
        now < session.record.createdAt + maxMs &&
        // By its key, for one session may have several cookies.
        !endings.has(session.key);
      if (isKnown) return use(session, isUse);
      // However many requests come with a cookie, the store is asked once.
      const fetching = fetchOnce(cookie, () => fetchSession(cookie));
      return fetching.then((fetched) => fetched && use(fetched, isUse));
    },
    async peek(cookie: string): Promise<LiveSession | null> {
      const ids = stored.read(cookie);
      return ids === null ? null : stored.load(ids);
    },
    /** The session as this process knows it, without asking the store. */
    atHand: (cookie: string): LiveSession | null => live.get(decodeCookie(cookie) ?? '') ?? null,
    /** The same session with a new access token; `null` where Keycloak says that it is over. */
    renew,
    /**
     * Ends the session of a cookie that was signed here, even during outages. False: the store does not answer; the session
     * has ended in this process, and the store will be updated when it is back.
     */
    end,
    endsAt: stored.endsAt,
    /** Updates the store with what it missed. The store stays open. */
    close: (): Promise<void> => endings.close(),
  };
}
