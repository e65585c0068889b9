import { createHash, randomBytes } from 'node:crypto';
import type { Tokens } from '../../client/index.ts';
import { AuthError } from '../../core/index.ts';
import { decodeCookie } from '../cookie/cookies.ts';
import { createCookieSigner, createSealer } from '../cookie/seal.ts';
import type { ResolvedSessionOptions } from '../resolved-options.ts';
import type { Endings } from './endings.ts';
import {
  type LiveSession,
  MOST_OF_ONE_LOGIN,
  type SessionRecord,
  toGroupKey,
  toSessionRecord,
} from './record.ts';

type SessionIds = Pick<LiveSession, 'id' | 'key' | 'cookie'>;

/**
 * The sessions in the store. A cookie holds the id of its session, signed; the store has the record under a hash of the id,
 * sealed with it.
 *
 * @param keyPrefix how the keys begin
 */
export function createStoredSessions(options: ResolvedSessionOptions, endings: Endings, keyPrefix: string) {
  const { store, secrets, clock, idleMs, maxMs } = options;
  const sealer = createSealer(secrets);
  const signer = createCookieSigner(secrets);
  const ttlOf = (record: SessionRecord): number =>
    Math.max(1, Math.min(idleMs, record.createdAt + maxMs - clock()));

  /** The session that a decoded cookie stands for; `null` if it was not signed here. */
  function readCookie(cookie: string): SessionIds | null {
    const id = signer.read(cookie);
    return id === null ? null : { id, key: keyPrefix + toKey(id), cookie };
  }

  return {
    ttlOf,
    readCookie,
    /** The same, of a cookie as the browser sent it. */
    read(spelled: string): SessionIds | null {
      const cookie = decodeCookie(spelled);
      return cookie === null ? null : readCookie(cookie);
    },
    async load({ id, key, cookie }: SessionIds): Promise<LiveSession | null> {
      if (endings.has(key)) return null;
      const sealed = await store.get(key).catch(toUnavailable);
      const opened = sealed === null ? null : sealer.open(id, sealed);
      if (opened === null) return null;
      const now = clock();
      const record = JSON.parse(opened) as SessionRecord;
      if (now >= record.createdAt + maxMs || endings.has(key)) return null;
      return { id, key, cookie, record, loadedAt: now, touchedAt: 0 };
    },
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
      const sealed = sealer.seal(id, JSON.stringify(record));
      const login = toGroupKey(tokens, options.client.clientId);
      const group =
        login === undefined ? undefined : { key: keyPrefix + login, most: MOST_OF_ONE_LOGIN, ttlMs: maxMs };
      const replaced = await store
        .create(keyPrefix + toKey(id), sealed, ttlOf(record), group)
        .catch(toUnavailable);
      return { cookie: signer.sign(id), replaced };
    },
    /** Stores new tokens; `null` if the session has ended. */
    async replace({ id, key, record: before }: LiveSession, tokens: Tokens): Promise<SessionRecord | null> {
      const record = toSessionRecord(tokens, clock(), before);
      const sealed = sealer.seal(id, JSON.stringify(record));
      return (await store.replace(key, sealed).catch(toUnavailable)) ? record : null;
    },
    /** When the session ends if it is not used from now on, and when it ends in any case. */
    async endsAt({
      key,
      record,
    }: LiveSession): Promise<{ readonly idle: number; readonly absolute: number }> {
      const absolute = record.createdAt + maxMs;
      const left = await store.remaining(key).catch(toUnavailable);
      return { idle: Math.min(clock() + (left ?? 0), absolute), absolute };
    },
  };
}

function toKey(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

function toUnavailable(cause: unknown): never {
  throw new AuthError('session_store_unavailable', 'The session store cannot be reached', { cause });
}
