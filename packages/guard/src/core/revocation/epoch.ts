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
  let value = 0;
  return {
    get value() {
      return value;
    },
    advance() {
      value++;
    },
  };
}
