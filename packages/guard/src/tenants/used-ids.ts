import { createMemoryRevocationStore, type ProofStore } from '../core/index.ts';
import { createBoundedCache, getOrMake } from '../core/internal.ts';

/**
 * What may be used once, of each tenant apart. It outlives its tenant: one that was pushed out and comes back must not take a proof
 * again. Made for the first message or proof; revocations themselves are in the hub.
 *
 * @param mostTenants beyond it, the store used least recently goes
 */
export function createUsedIds(
  mostTenants: number,
  clock: (() => number) | undefined,
): (key: string) => ProofStore {
  const stores = createBoundedCache<ProofStore>(mostTenants);
  return (key) => {
    const own = () => getOrMake(stores, key, () => createMemoryRevocationStore(clock));
    return {
      add: async () => {},
      subscribe: () => () => {},
      useOnce: async (id, until) => own().useOnce(id, until),
      useProofOnce: async (id, until) => own().useProofOnce(id, until),
    };
  };
}
