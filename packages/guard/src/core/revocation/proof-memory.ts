/** Most proofs that are remembered at once, about 100 bytes each. */
const MAX_PROOFS = 500_000;

/**
 * Remembers used proofs until they expire. If it is full, new proofs are refused: forgetting old ones would
 * let an attacker flood it and use a proof again.
 *
 * @param clock Unit: milliseconds since 1970
 * @returns true the first time, false after that
 * @throws {RangeError} if it is full
 */
export function createProofMemory(
  clock: () => number,
  most = MAX_PROOFS,
): (id: string, expiresAt: number) => boolean {
  // In order of arrival: an expired proof stays no longer than those before it.
  const used = new Map<string, number>();

  return function useOnce(id, expiresAt) {
    const now = clock() / 1000;
    for (const [old, until] of used) {
      if (until > now) break;
      used.delete(old);
    }
    if ((used.get(id) ?? 0) > now) return false;
    if (used.size >= most)
      throw new RangeError(`${most} proofs are remembered, and there is no room for more`);
    used.delete(id);
    used.set(id, expiresAt);
    return true;
  };
}
