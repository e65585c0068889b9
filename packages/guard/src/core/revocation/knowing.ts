import type { RevocationStore } from './revocation.ts';

/** Whether this process knows what others knew before it began. */
export interface Knowing {
  /** `undefined` once it does. */
  when(): Promise<unknown> | undefined;
  /** It does not before this has settled. */
  hold(until: Promise<void>): void;
}

/** A store that does not answer keeps the first tokens waiting, but not for ever. Unit: milliseconds. */
const LONGEST_WAIT_MS = 3_000;

export function createKnowing(store: RevocationStore): Knowing {
  const awaited = new Set<Promise<void>>();
  let isBegun = false;

  function hold(until: Promise<void>): void {
    const settled = until.catch(() => {});
    awaited.add(settled);
    void settled.then(() => awaited.delete(settled));
  }

  return {
    when() {
      if (!isBegun) {
        isBegun = true;
        if (store.whenKnowing) hold(store.whenKnowing(LONGEST_WAIT_MS));
      }
      return awaited.size === 0 ? undefined : Promise.all(awaited);
    },
    hold,
  };
}
