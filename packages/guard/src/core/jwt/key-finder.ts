import type { VerificationKey } from './signature.ts';

/** A public key of the realm that may sign access tokens. */
export interface SigningKey {
  readonly kid: string;
  /** The one algorithm this key may be used with (RFC 8725 §3.1). */
  readonly alg: string;
  readonly key: VerificationKey;
  /** Its public parameters, to tell when another key comes under the same id. */
  readonly parameters: string;
}

/** Finds signing keys by id. */
export interface KeyFinder {
  /** A key that is in memory. */
  get(kid: string): SigningKey | undefined;
  /**
   * Finds a key in memory by another id too, until the keys are loaded again. Call it only for an id that was proved to be
   * that key's.
   */
  alias(kid: string, of: string): void;
  /** The keys should have been loaded again long ago: `find` does it before it answers. */
  readonly isOverdue: boolean;
  /**
   * Finds a key. Loads the JWKS again if the key is not in memory, at most once per 5 s for all callers. The first call does
   * what `start` of a key set does.
   *
   * @param mayBeNew whether the key may have been published after a time (milliseconds since 1970). If it may, and the JWKS
   * was requested before that, the call waits for the next load: up to 5 s. Default: it may not
   * @throws {AuthError} `provider_unavailable` or `provider_misconfigured` if the key is not known and the last load failed;
   * `provider_unavailable` if too many wait already
   */
  find(kid: string, mayBeNew?: (since: number) => boolean): Promise<SigningKey | undefined>;
}
