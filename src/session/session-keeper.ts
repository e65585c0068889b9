import { createHash, randomBytes } from 'node:crypto';
import fastifyCookie from '@fastify/cookie';
import { LRUCache } from 'lru-cache';
import type { Tokens } from '../client/index.ts';
import { AuthError } from '../core/index.ts';
import type { ResolvedSessionOptions } from './options.ts';
import { createRenewal } from './renewal.ts';
import { createSealer } from './seal.ts';
import { type SessionRecord, toSessionRecord } from './session-record.ts';

/** A session that is at hand, decrypted. */
export interface LiveSession {
  /** Known to the browser alone. */
  readonly id: string;
  /** Name in the store. */
  readonly key: string;
  /** The cookie it was found by. */
  readonly cookie: string;
  record: SessionRecord;
  /** When it was read from the store. Unit: milliseconds since 1970, as all times here. */
  loadedAt: number;
  /** When the store last heard that it is in use. */
  touchedAt: number;
}

/** Begins, finds, renews and ends sessions. Everything that can fail rejects with an `AuthError`. */
export interface SessionKeeper {
  /** Begins a session under a new id; resolves to the value of its cookie. */
  begin(tokens: Tokens): Promise<string>;
  /**
   * The session of a cookie, with an access token that has not expired; at once where nothing has to be waited for.
   * `null` where there is none (any more).
   */
  find(cookie: string): LiveSession | null | Promise<LiveSession | null>;
  /** The session of a cookie as it is. */
  peek(cookie: string): Promise<LiveSession | null>;
  /** The same session with a new access token; `null` where Keycloak says that it is over. */
  renew(session: LiveSession): Promise<LiveSession | null>;
  end(session: LiveSession): Promise<void>;
  /** When the session ends if it is not used from now on, and when it ends in any case. */
  endsAt(session: LiveSession): { readonly idle: number; readonly absolute: number };
  close(): Promise<void>;
}

/** How long a session is served from memory before the store is asked again whether it is still there. */
const TRUST_MEMORY_MS = 10_000;

export function createSessionKeeper(options: ResolvedSessionOptions): SessionKeeper {
  const { store, secrets, clock, idleMs, maxMs } = options;
  const sealer = createSealer(secrets);
  const signer = new fastifyCookie.Signer([...secrets]);
  // By the value of the cookie: one that was changed is never found.
  const live = new LRUCache<string, LiveSession>({ max: Math.max(1, options.maxCachedSessions) });
  const touchEveryMs = Math.min(60_000, idleMs / 20);
  const ttlOf = (record: SessionRecord): number =>
    Math.max(1, Math.min(idleMs, record.createdAt + maxMs - clock()));

  const fetching = new Map<string, Promise<LiveSession | null>>();

  async function load({ id, cookie }: Pick<LiveSession, 'id' | 'cookie'>): Promise<LiveSession | null> {
    const key = toKey(id);
    const sealed = await store.get(key).catch(toUnavailable);
    if (sealed === null) return null;
    const text = await sealer.open(id, sealed);
    if (text === null) return null;
    const now = clock();
    const record = JSON.parse(text) as SessionRecord;
    if (now >= record.createdAt + maxMs) return null;
    return { id, key, cookie, record, loadedAt: now, touchedAt: live.get(cookie)?.touchedAt ?? 0 };
  }

  const renewal = createRenewal({
    options,
    load,
    async replace(session, tokens) {
      const record = toSessionRecord(tokens, clock(), session.record);
      const sealed = await sealer.seal(session.id, JSON.stringify(record));
      return (await store.replace(session.key, sealed, ttlOf(record)).catch(toUnavailable)) ? record : null;
    },
    async end(session) {
      await end(session);
      options.tell('ended', 'refresh_refused', null, session.record.accessToken);
    },
  });

  /** The id in a cookie that was signed here. */
  function readId(cookie: string): string | null {
    let value: string;
    try {
      value = decodeURIComponent(cookie);
    } catch {
      return null;
    }
    const { valid, value: id } = signer.unsign(value);
    return valid ? id : null;
  }

  async function peek(cookie: string): Promise<LiveSession | null> {
    const id = readId(cookie);
    return id === null ? null : load({ id, cookie });
  }

  async function fetchSession(cookie: string): Promise<LiveSession | null> {
    const session = await peek(cookie);
    if (session === null) {
      live.delete(cookie);
      return null;
    }
    if (options.maxCachedSessions > 0) live.set(cookie, session);
    touch(session);
    return settle(session);
  }

  /** However many requests come with a cookie, the store is asked once. */
  function fetchOnce(cookie: string): Promise<LiveSession | null> {
    const known = fetching.get(cookie);
    if (known !== undefined) return known;
    const fetched = fetchSession(cookie).finally(() => fetching.delete(cookie));
    fetching.set(cookie, fetched);
    return fetched;
  }

  async function renew(session: LiveSession): Promise<LiveSession | null> {
    const renewed = await renewal.renew(session);
    if (renewed === null) live.delete(session.cookie);
    return renewed;
  }

  /** With an access token that is good, waiting only where it is not. */
  function settle(session: LiveSession): LiveSession | Promise<LiveSession | null> {
    const now = clock();
    if (now < session.record.renewAt) return session;
    const renewed = renew(session);
    if (now >= session.record.accessExpiresAt) return renewed;
    // There is time left: nobody waits, and what fails is tried again by the next request.
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

  async function end(session: LiveSession): Promise<void> {
    live.delete(session.cookie);
    await store.delete(session.key).catch(toUnavailable);
  }

  return {
    async begin(tokens) {
      const id = randomBytes(32).toString('base64url');
      const record = toSessionRecord(tokens, clock());
      const sealed = await sealer.seal(id, JSON.stringify(record));
      await store.create(toKey(id), sealed, ttlOf(record)).catch(toUnavailable);
      return signer.sign(id);
    },
    find(cookie) {
      const session = live.get(cookie);
      if (session === undefined) return fetchOnce(cookie);
      const now = clock();
      if (now - session.loadedAt >= TRUST_MEMORY_MS || now >= session.record.createdAt + maxMs) {
        return fetchOnce(cookie);
      }
      touch(session);
      return settle(session);
    },
    peek,
    renew,
    end,
    endsAt: ({ record }) => ({
      idle: Math.min(clock() + idleMs, record.createdAt + maxMs),
      absolute: record.createdAt + maxMs,
    }),
    close: () => store.close(),
  };
}

function toKey(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

function toUnavailable(cause: unknown): never {
  throw new AuthError('session_store_unavailable', 'The session store cannot be reached', { cause });
}
