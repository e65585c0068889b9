import type { Tokens } from '../client/index.ts';

/** The stored data of a signed-in user. Times in milliseconds since 1970. */
export interface SessionRecord {
  readonly createdAt: number;
  readonly accessToken: string;
  readonly accessExpiresAt: number;
  /** From then on the access token is renewed. */
  readonly renewAt: number;
  readonly refreshToken: string | null;
  /** For the logout at Keycloak. */
  readonly idToken: string | null;
  /** Alias of the organization that the person acts for, where organizations are the tenants. */
  readonly organization?: string | undefined;
}

/** Longest time before its end that an access token is renewed. */
const RENEW_AHEAD_MS = 30_000;
/** Where Keycloak does not say how long a token lives. */
const DEFAULT_LIFETIME_SECONDS = 60;

/** @param before the session that the tokens continue, or what else a new one begins with */
export function toSessionRecord(tokens: Tokens, now: number, before?: Partial<SessionRecord>): SessionRecord {
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
