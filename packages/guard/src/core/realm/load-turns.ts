/** Unit: milliseconds. */
export const COOLDOWN_MS = 5_000;

/**
 * Decides when requests may cause a load of the keys: once per {@link COOLDOWN_MS}. Failed loads count too, so a flood of
 * made-up key ids costs Keycloak nothing.
 */
export type LoadTurns = ReturnType<typeof createLoadTurns>;

export function createLoadTurns(clock: () => number) {
  let lastAt = Number.NEGATIVE_INFINITY;
  let missed = new Set<string>();

  function begin(...kids: string[]): void {
    lastAt = clock();
    missed = new Set(kids);
  }

  return {
    /** When the last turn began. Unit: milliseconds since 1970. */
    get lastAt(): number {
      return lastAt;
    },
    /** Time until the next turn. Unit: milliseconds. */
    get restMs(): number {
      return COOLDOWN_MS - (clock() - lastAt);
    },
    /** Begins a turn for this key id. @returns false if it is too early */
    take(kid: string): boolean {
      const age = clock() - lastAt;
      if (age >= 0 && age < COOLDOWN_MS) return false;
      begin(kid);
      return true;
    },
    /** Begins a turn at once, for no key id. */
    begin: (): void => begin(),
    /** Whether the last turn looked for this key id and did not find it. */
    hasMissed: (kid: string): boolean => missed.has(kid),
    /** The last turn did not find this key id either. */
    addMissed: (kid: string): void => void missed.add(kid),
  };
}
