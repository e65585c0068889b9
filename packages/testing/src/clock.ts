/** A clock that tests can move. */
export type Clock = ReturnType<typeof createClock>;

export function createClock() {
  let offset = 0;
  const now = () => Date.now() + offset;
  return {
    /** Milliseconds since 1970. */
    now,
    /** Seconds since 1970, as tokens count. */
    seconds: () => Math.floor(now() / 1000),
    /** @throws {TypeError} for what is no number of seconds */
    advance(seconds: number): void {
      if (!Number.isFinite(seconds)) throw new TypeError(`'${seconds}' is no number of seconds`);
      offset += seconds * 1000;
    },
  };
}
