import { createHeldToken } from '../core/internal.ts';
import type { Tokens } from './tokens.ts';

/** What a token in this client's own name is for. */
export interface ServiceTokenRequest {
  /** Scopes to ask for, separated by one space. Default: the client's default scopes. */
  readonly scope?: string | undefined;
}

/** A token of this client itself, which is renewed before it expires. */
export interface ServiceToken {
  /**
   * The token. No call to Keycloak while it is good, and one at a time when it is not.
   *
   * @throws {ClientError} if the kept token has expired and Keycloak issues none
   */
  getAccessToken(): Promise<string>;
  /**
   * Asks for another one next time, because this one was refused.
   *
   * @param olderThanMs does nothing for a token that was issued later than that: it would only be refused again. Default 0
   */
  drop(token: string, olderThanMs?: number): void;
}

export function createServiceToken(load: () => Promise<Tokens>): ServiceToken {
  const held = createHeldToken(async () => {
    const { accessToken, expiresInSeconds } = await load();
    return { token: accessToken, expiresInSeconds: expiresInSeconds ?? 0 };
  }, Date.now);
  return { getAccessToken: held.get, drop: held.drop };
}
