import { startTestIdp } from '../../support/dev-idp.ts';
import { dpopContract } from './dpop-contract.ts';

dpopContract('the embedded provider', async () => {
  const idp = await startTestIdp();
  return { url: idp.url, realm: 'testing', close: () => idp.close() };
});
