import { createMemoryRevocationStore } from '../../packages/guard/src/core/index.ts';
import { leasesContract } from '../contract/revocation-store-contract.ts';

leasesContract('memory', async () => {
  const store = createMemoryRevocationStore();
  return async () => store;
});
