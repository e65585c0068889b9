import { createHash } from 'node:crypto';
import type { Tokens } from '../../client/index.ts';
import { AuthError } from '../../core/index.ts';
import { readCompactJws } from '../../core/internal.ts';

/** The stored data of a signed-in user. Times in milliseconds since 1970. */
export interface SessionRecord {
  readonly createdAt: number;
  readonly accessToken: string;
  readonly accessExpiresAt: number;
  readonly renewAt: number;
  readonly refreshToken: string | null;
  readonly idToken: string | null;
  /** Alias of the organization that the person acts for, where organizations are the tenants. */
  readonly organization?: string | undefined;
}

const RENEW_AHEAD_MS = 30_000;
/** Where Keycloak does not say how long a token lives. */
const DEFAULT_LIFETIME_SECONDS = 60;

/** Most characters of one token: the realm of one tenant must not fill the store of all. Keycloak's have 1,000 to 10,000. */
const LONGEST_TOKEN = 32_768;

export function sizeOf({ accessToken, refreshToken, idToken }: SessionRecord): number {
  return accessToken.length + (refreshToken?.length ?? 0) + (idToken?.length ?? 0);
}

/**
 * @param before the session that the tokens continue, or what else a new one begins with
 * @throws {AuthError} `provider_misconfigured` for a token that is too long to be kept
 */
export function toSessionRecord(tokens: Tokens, now: number, before?: Partial<SessionRecord>): SessionRecord {
  for (const [name, token] of Object.entries(tokens)) {
    if (typeof token !== 'string' || token.length <= LONGEST_TOKEN) continue;
    throw new AuthError(
      'provider_misconfigured',
      `The ${name} of a session has more than ${LONGEST_TOKEN} characters`,
      {
        expected: 'a client with fewer mappers and default scopes',
        seen: `${token.length} characters`,
      },
    );
  }
  const lifetimeMs = (tokens.expiresInSeconds ?? DEFAULT_LIFETIME_SECONDS) * 1000;
  return {
    createdAt: before?.createdAt ?? now,
    accessToken: tokens.accessToken,
    accessExpiresAt: now + lifetimeMs,
    renewAt: now + lifetimeMs - Math.min(RENEW_AHEAD_MS, lifetimeMs / 3),
    refreshToken: tokens.refreshToken ?? before?.refreshToken ?? null,
    idToken: tokens.idToken ?? before?.idToken ?? null,
    organization: before?.organization,
  };
}

/** A session in memory, decrypted. */
export interface LiveSession {
  /** Known to the browser alone. */
  readonly id: string;
  readonly key: string;
  /** The value of the cookie that it was found by, decoded. */
  readonly cookie: string;
  record: SessionRecord;
  /** When it was read from the store. Unit: milliseconds since 1970, as all times here. */
  loadedAt: number;
  /** When its time in the store was last extended. */
  touchedAt: number;
}

/**
 * Most sessions here of one session at Keycloak. That is one browser, whose cookie the next login replaces: more than one
 * are the same app under several names, a view inside another app, or cookies that were lost. Many more are an attempt to
 * fill the store until the sessions of others go.
 */
export const MOST_OF_ONE_LOGIN = 5;

/**
 * The same for all sessions of one login at Keycloak in one app. It does not reveal the login.
 *
 * @param clientId of the app: apps that share a store must not end one another's sessions
 */
export function toGroupKey({ idToken, accessToken }: Tokens, clientId: string): string | undefined {
  for (const token of [idToken, accessToken]) {
    const { iss, sid } = readClaims(token);
    if (typeof sid !== 'string' || sid === '') continue;
    return createHash('sha256')
      .update(JSON.stringify([iss, clientId, sid]))
      .digest('base64url');
  }
  return undefined;
}

function readClaims(token: string | null): Record<string, unknown> {
  try {
    return token === null ? {} : readCompactJws(token).payload();
  } catch {
    // It is Keycloak's own, but a token that cannot be read bounds nothing.
    return {};
  }
}
