/** Most proofs that are remembered at once, about 100 bytes each. */
const MAX_PROOFS = 500_000;

/**
 * Remembers what was used until its time is over. Where there is no room, new proofs are refused: forgetting old ones would
 * let whoever floods it use a proof again.
 *
 * @param clock Unit: milliseconds since 1970
 * @returns true the first time, false after that
 * @throws {RangeError} where there is no room
 */
export function createProofMemory(
  clock: () => number,
  most = MAX_PROOFS,
): (id: string, expiresAt: number) => boolean {
  // In the order in which they came: what is over stays no longer than what came before it.
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
