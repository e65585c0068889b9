/**
 * What somebody who hears every change of tokens vouches for: whoever was good at a time from `since` on, and of whom nothing
 * was heard until `until`, is good at `until`. Unit of both: milliseconds since 1970.
 */
export interface Coverage {
  since: number;
  until: number;
  /** A token is asked about when Keycloak last spoke of it so long ago: some things no event tells. Unit: milliseconds. */
  askAfterMs: number;
}

/** Of a verifier that nobody tells anything. */
export function createCoverage(): Coverage {
  return { since: Number.POSITIVE_INFINITY, until: 0, askAfterMs: 0 };
}
