import { after, before, describe } from 'node:test';
import { startFront } from './front.ts';
import { startGuideService } from './guide-service.ts';
import { loginContract } from './login-contract.ts';
import { outageContract } from './outage-contract.ts';
import { protectedContract } from './protected-contract.ts';
import { type GuideProvider, requestTokens } from './provider.ts';
import { setUpContract } from './set-up-contract.ts';
import type { Stage } from './stage.ts';

/** The guide's HTTP contract, against the real service, on any provider that holds the testing realm. */
export function guideContract(name: string, startProvider: () => Promise<GuideProvider>): void {
  describe(`the guide's contract on ${name}`, () => {
    const stage = {} as { -readonly [K in keyof Stage]: Stage[K] };
    before(async () => {
      stage.provider = await startProvider();
      stage.front = await startFront(stage.provider.url);
      const { realm, credential } = stage.provider;
      const { url } = stage.front;
      const start = (settings?: Record<string, string>) =>
        startGuideService(url, realm, { ...credential?.settings(url), ...settings });
      stage.requestTokens = (fields) => requestTokens(url, realm, fields, credential);
      stage.startOther = start;
      stage.service = await start();
    });
    after(async () => {
      await stage.service?.close();
      await stage.front?.close();
      await stage.provider?.close();
    });

    describe('POST /login', () => loginContract(stage));
    describe('GET /protected', () => protectedContract(stage));
    describe('a mistake in the set-up', () => setUpContract(stage));
    describe('an outage of the provider', () => outageContract(stage));
  });
}
