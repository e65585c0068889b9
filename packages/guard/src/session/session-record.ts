import type { Tokens } from '../client/index.ts';
import { AuthError } from '../core/index.ts';

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

/** Most characters of one token: the realm of one tenant must not fill the store of all. Keycloak's have 1,000 to 10,000. */
const LONGEST_TOKEN = 32_768;

/** Characters of all its tokens. */
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
