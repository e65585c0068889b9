import { startEmbedded } from './embedded-provider.ts';
import { credentialContract } from './guide-contract.ts';
import { NO_SECRETS } from './no-secret.ts';

for (const [name, start] of Object.entries(NO_SECRETS)) {
  credentialContract(`the embedded provider, with ${name} and no secret`, async () =>
    startEmbedded(await start('testing')),
  );
}
