import { createMemoryRevocationStore } from '../../packages/guard/src/core/index.ts';
import { newsSeatContract } from '../contract/revocation-store-contract.ts';

newsSeatContract('memory', async () => {
  const store = createMemoryRevocationStore();
  return async () => store;
});
