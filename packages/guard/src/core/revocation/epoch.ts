/**
 * A number that grows whenever something that was true of every cached token may no longer be: a key left the
 * JWKS, the issuer changed, something was revoked. A cached token remembers the number it was last judged at, so a
 * change costs nothing until a token is used, and no list of tokens is ever walked.
 */
export interface Epoch {
  readonly value: number;
  advance(): void;
}

export function createEpoch(): Epoch {
  // No accessor: there is one for each realm, and each would be of a shape of its own, which is slow to read.
  const epoch = {
    value: 0,
    advance() {
      epoch.value++;
    },
  };
  return epoch;
}
