/** A clock that tests can move. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Seconds since 1970, as tokens count. */
  seconds(): number;
  advance(seconds: number): void;
}

export function createClock(): Clock {
  let offset = 0;
  const now = () => Date.now() + offset;
  return {
    now,
    seconds: () => Math.floor(now() / 1000),
    advance(seconds) {
      offset += seconds * 1000;
    },
  };
}
