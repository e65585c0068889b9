import type { DpopKey } from '../client/internal.ts';
import { AuthError } from '../core/index.ts';
import { readCompactJws } from '../core/internal.ts';

/**
 * The claims of a token that Keycloak has just issued, not verified.
 *
 * @throws {AuthError} `provider_answer_invalid` if it is no JWT: that is no fault of whoever calls here
 */
export function readIssued(token: string): Readonly<Record<string, unknown>> {
  try {
    return readCompactJws(token).payload();
  } catch (cause) {
    throw new AuthError('provider_answer_invalid', 'Keycloak issued an access token that is no JWT', {
      cause,
    });
  }
}

/** Where the token of a call comes from. */
export interface TokenSource {
  /** To which its tokens are bound, if they are (RFC 9449). */
  readonly key?: DpopKey | undefined;
  /** Rejects with an `AuthError` if there is none. */
  get(): Promise<string>;
  /** The service that was called refused this one: `get` asks for another, unless it has only just been issued. */
  drop(token: string): void;
}

/** A token that is younger is not asked for again: the next one would be refused as well. Unit: milliseconds. */
export const MIN_AGE_MS = 5_000;
