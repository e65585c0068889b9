/** Unit: milliseconds. */
export const COOLDOWN_MS = 5_000;

/**
 * Decides when requests may cause a load of the keys: once per {@link COOLDOWN_MS}. Failed loads count too, so a flood of
 * made-up key ids costs Keycloak nothing.
 */
export interface LoadTurns {
  /** When the last turn began. Unit: milliseconds since 1970. */
  readonly lastAt: number;
  /** Time until the next turn. Unit: milliseconds. */
  readonly restMs: number;
  /** Begins a turn for this key id. @returns false if it is too early */
  take(kid: string): boolean;
  /** Begins a turn at once, for no key id. */
  begin(): void;
  /** Whether the last turn looked for this key id and did not find it. */
  hasMissed(kid: string): boolean;
  /** The last turn did not find this key id either. */
  addMissed(kid: string): void;
}

export function createLoadTurns(clock: () => number): LoadTurns {
  let lastAt = Number.NEGATIVE_INFINITY;
  let missed = new Set<string>();

  function begin(...kids: string[]): void {
    lastAt = clock();
    missed = new Set(kids);
  }

  return {
    get lastAt() {
      return lastAt;
    },
    get restMs() {
      return COOLDOWN_MS - (clock() - lastAt);
    },
    take(kid) {
      const age = clock() - lastAt;
      if (age >= 0 && age < COOLDOWN_MS) return false;
      begin(kid);
      return true;
    },
    begin: () => begin(),
    hasMissed: (kid) => missed.has(kid),
    addMissed: (kid) => void missed.add(kid),
  };
}
