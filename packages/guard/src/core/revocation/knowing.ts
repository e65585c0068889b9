import type { RevocationStore } from './revocation.ts';

/** A store that does not answer keeps the first tokens waiting, but not for ever. Unit: milliseconds. */
const LONGEST_WAIT_MS = 3_000;

/** Whether this process knows what others knew before it began. */
export function createKnowing(store: RevocationStore) {
  const awaited = new Set<Promise<void>>();
  let isBegun = false;

  function hold(until: Promise<void>): void {
    const settled = until.catch(() => {});
    awaited.add(settled);
    void settled.then(() => awaited.delete(settled));
  }

  return {
    /** `undefined` once it does. */
    when(): Promise<unknown> | undefined {
      if (!isBegun) {
        isBegun = true;
        if (store.whenKnowing) hold(store.whenKnowing(LONGEST_WAIT_MS));
      }
      return awaited.size === 0 ? undefined : Promise.all(awaited);
    },
    /** It does not before this has settled. */
    hold,
  };
}
