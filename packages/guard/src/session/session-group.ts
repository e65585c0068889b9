import { createHash } from 'node:crypto';
import type { Tokens } from '../client/index.ts';
import { readCompactJws } from '../core/internal.ts';

/**
 * Most sessions here of one session at Keycloak. That is one browser, whose cookie the next login replaces: more than one
 * are the same app under several names, a view inside another app, or cookies that were lost. Many more are an attempt to
 * fill the store until the sessions of others go.
 */
export const MOST_OF_ONE_LOGIN = 5;

/**
 * What the sessions of one login at Keycloak have in common in one app. It does not tell which login that is.
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
