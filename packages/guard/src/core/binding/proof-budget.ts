/**
 * Bounds how many proofs one key may use at a time, so that no client takes the room of all.
 *
 * Counted in windows, each as long as a proof is remembered: of one key, no more than twice as many are.
 *
 * @param clock Unit: milliseconds since 1970
 */
export function createProofBudget(most: number, windowSeconds: number, clock: () => number) {
  let counts = new Map<string, number>();
  let window = Number.NaN;

  function countOf(key: string): number {
    const now = Math.floor(clock() / 1000 / windowSeconds);
    if (now !== window) {
      window = now;
      counts = new Map();
    }
    return counts.get(key) ?? 0;
  }

  return {
    isSpent: (key: string): boolean => countOf(key) >= most,
    spend(key: string): void {
      counts.set(key, countOf(key) + 1);
    },
  };
}
