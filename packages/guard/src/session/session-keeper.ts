import { createHash, randomBytes } from 'node:crypto';
import type { Tokens } from '../client/index.ts';
import { AuthError } from '../core/index.ts';
import { createBoundedCache, createSingleFlight } from '../core/internal.ts';
import { createCookieSigner } from './cookie-signature.ts';
import { decodeCookie } from './cookies.ts';
import { createEndings } from './endings.ts';
import type { LiveSession } from './live-session.ts';
import type { ResolvedSessionOptions } from './options.ts';
import { createRenewal } from './renewal.ts';
import { createSealer } from './seal.ts';
import { MOST_OF_ONE_LOGIN, toGroupKey } from './session-group.ts';
import { type SessionRecord, sizeOf, toSessionRecord } from './session-record.ts';

/** Begins, finds, renews and ends sessions. Everything that can fail rejects with an `AuthError`. */
export type SessionKeeper = ReturnType<typeof createSessionKeeper>;

type NamedSession = Pick<LiveSession, 'id' | 'key' | 'cookie' | 'newCookie'>;

/** How long a session is served from memory before the store is asked again whether it is still there. */
const TRUST_MEMORY_MS = 10_000;
/** Most characters of the tokens of a session that is kept in memory: a larger one is read from the store each time. */
const LARGEST_CACHED = 16_384;
/** For two calls of the store. */
const SEAL_LOCK_MS = 10_000;

export function createSessionKeeper(
  options: ResolvedSessionOptions,
  endings = createEndings(options.store, options.maxMs),
  keyPrefix = '',
) {
  const { store, secrets, clock, idleMs, maxMs } = options;
  const sealer = createSealer(secrets);
  const signer = createCookieSigner(secrets);
  // By the decoded cookie, which only who was given it knows: percent-encoding spells one session in any number of ways.
  const live = createBoundedCache<LiveSession>(Math.max(1, options.maxCachedSessions));
  const touchEveryMs = Math.min(60_000, idleMs / 20);
  const ttlOf = (record: SessionRecord): number =>
    Math.max(1, Math.min(idleMs, record.createdAt + maxMs - clock()));

  const fetchOnce = createSingleFlight<LiveSession | null>();

  async function load(named: NamedSession): Promise<LiveSession | null> {
    const { id, key, cookie } = named;
    if (endings.has(key)) return null;
    const sealed = await store.get(key).catch(toUnavailable);
    const opened = sealed === null ? null : await sealer.open(id, sealed);
    if (opened === null) return null;
    if (opened.isOfOldSecret) await sealAnew(named);
    const now = clock();
    const record = JSON.parse(opened.text) as SessionRecord;
    if (now >= record.createdAt + maxMs || endings.has(key)) return null;
    return { ...named, record, loadedAt: now, touchedAt: live.get(cookie)?.touchedAt ?? 0 };
  }

  /** Not during a renewal, which seals it too. If it fails, the next reader tries again. */
  async function sealAnew({ id, key }: NamedSession): Promise<void> {
    const unlock = await store.lock(key, SEAL_LOCK_MS).catch(() => null);
    if (unlock === null) return;
    try {
      const sealed = await store.get(key);
      const opened = sealed === null ? null : await sealer.open(id, sealed);
      if (opened?.isOfOldSecret) await store.replace(key, await sealer.seal(id, opened.text));
    } catch {
      // It can still be opened: this process keeps the old secret.
    } finally {
      // It ends by itself where it cannot be given back.
      await unlock().catch(() => {});
    }
  }

  const renewOnce = createRenewal({
    options,
    load,
    async replace(session, tokens) {
      const record = toSessionRecord(tokens, clock(), session.record);
      const sealed = await sealer.seal(session.id, JSON.stringify(record));
      return (await store.replace(session.key, sealed).catch(toUnavailable)) ? record : null;
    },
    async end(session) {
      await end(session.cookie);
      options.tell('ended', 'refresh_refused', null, session.record.accessToken);
    },
  });

  /** The session that a decoded cookie names; `null` if it was not signed here. */
  function readDecoded(cookie: string): NamedSession | null {
    const found = signer.read(cookie);
    if (found === null) return null;
    const { value: id, isOfOldSecret } = found;
    return { id, key: keyPrefix + toKey(id), cookie, newCookie: isOfOldSecret ? signer.sign(id) : null };
  }

  function read(spelled: string): NamedSession | null {
    const cookie = decodeCookie(spelled);
    return cookie === null ? null : readDecoded(cookie);
  }

  async function peek(spelled: string): Promise<LiveSession | null> {
    const named = read(spelled);
    return named === null ? null : load(named);
  }

  async function fetchSession(cookie: string): Promise<LiveSession | null> {
    const named = readDecoded(cookie);
    const session = named === null ? null : await load(named);
    if (session === null) live.delete(cookie);
    else if (options.maxCachedSessions > 0 && sizeOf(session.record) <= LARGEST_CACHED)
      live.set(cookie, session);
    return session;
  }

  async function renew(session: LiveSession): Promise<LiveSession | null> {
    const renewed = await renewOnce(session);
    if (renewed === null) live.delete(session.cookie);
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
    store.touch(session.key, ttlOf(session.record)).catch(() => {
      session.touchedAt = 0;
    });
  }

  async function end(cookie: string): Promise<boolean> {
    const named = read(cookie);
    if (named === null) return true;
    live.delete(named.cookie);
    return endings.end(named.key);
  }

  return {
    /** Whether a cookie was signed here: another one belongs to another app, though it has the name of ours. */
    isOurs: (cookie: string): boolean => read(cookie) !== null,
    /**
     * Begins a session under a new id, with the value of its cookie, and ends the oldest where one login has too many.
     *
     * @param organization alias of the one that the person acts for
     */
    async begin(
      tokens: Tokens,
      organization?: string,
    ): Promise<{ readonly cookie: string; readonly replaced: number }> {
      const id = randomBytes(32).toString('base64url');
      const record = toSessionRecord(tokens, clock(), { organization });
      const sealed = await sealer.seal(id, JSON.stringify(record));
      const login = toGroupKey(tokens, options.client.clientId);
      const group =
        login === undefined ? undefined : { key: keyPrefix + login, most: MOST_OF_ONE_LOGIN, ttlMs: maxMs };
      const replaced = await store
        .create(keyPrefix + toKey(id), sealed, ttlOf(record), group)
        .catch(toUnavailable);
      return { cookie: signer.sign(id), replaced };
    },
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
        // By its name, for one session may have been found by several cookies.
        !endings.has(session.key);
      if (isKnown) return use(session, isUse);
      // However many requests come with a cookie, the store is asked once.
      const fetching = fetchOnce(cookie, () => fetchSession(cookie));
      return fetching.then((fetched) => fetched && use(fetched, isUse));
    },
    /** The session of a cookie as it is. */
    peek,
    /** The session as this process knows it, without asking the store. */
    atHand: (cookie: string): LiveSession | null => live.get(decodeCookie(cookie) ?? '') ?? null,
    /** The same session with a new access token; `null` where Keycloak says that it is over. */
    renew,
    /**
     * Ends the session of a cookie that was signed here, even during outages. False: the store does not answer; the session
     * has ended in this process, and the store will be updated when it is back.
     */
    end,
    /** When the session ends if it is not used from now on, and when it ends in any case. */
    async endsAt({
      key,
      record,
    }: LiveSession): Promise<{ readonly idle: number; readonly absolute: number }> {
      const absolute = record.createdAt + maxMs;
      const left = await store.remaining(key).catch(toUnavailable);
      return { idle: Math.min(clock() + (left ?? 0), absolute), absolute };
    },
    /** Updates the store with what it missed. The store stays open. */
    close: (): Promise<void> => endings.close(),
  };
}

function toKey(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

function toUnavailable(cause: unknown): never {
  throw new AuthError('session_store_unavailable', 'The session store cannot be reached', { cause });
}
