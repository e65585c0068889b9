import { MAX_REVOCATIONS } from './revocation-log.ts';

/**
 * Remembers ids that may be used once. Expired ones make room; if that is not enough, the oldest is forgotten.
 *
 * @param clock time now. Unit: milliseconds since 1970
 * @param most ids that are kept
 * @returns true the first time an id is used, until `expiresAt` (seconds since 1970) false
 */
export function createIdMemory(
  clock: () => number,
  most: number = MAX_REVOCATIONS,
): (id: string, expiresAt: number) => boolean {
  const used = new Map<string, number>();

  return (id, expiresAt) => {
    const now = clock() / 1000;
    // First: a repeated id takes no other one's place.
    if ((used.get(id) ?? 0) > now) return false;
    for (const [old, until] of used) {
      if (until > now && used.size < most) break;
      used.delete(old);
    }
    used.set(id, expiresAt);
    return true;
  };
}
