import type { Clock } from '../clock.ts';

/** Ids of tokens that are good once. */
export type UsedTokens = ReturnType<typeof createUsedTokens>;

export function createUsedTokens(clock: Clock) {
  const used = new Map<string, number>();
  return {
    /** False if the id was used before. @param until when it may be forgotten. Unit: seconds since 1970 */
    use(id: string, until: number): boolean {
      const now = clock.seconds();
      for (const [one, end] of used) if (end < now) used.delete(one);
      if (used.has(id)) return false;
      used.set(id, until);
      return true;
    },
  };
}
