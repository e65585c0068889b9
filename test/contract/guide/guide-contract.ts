import { after, before, describe } from 'node:test';
import { startFront } from './front.ts';
import { startGuideService } from './guide-service.ts';
import { loginContract } from './login-contract.ts';
import { loginOutageContract, outageContract } from './outage-contract.ts';
import { protectedContract, remoteCheckContract } from './protected-contract.ts';
import { type GuideProvider, requestTokens } from './provider.ts';
import { setUpContract } from './set-up-contract.ts';
import type { Stage } from './stage.ts';

/** Whatever the service does with its credential. */
const OF_THE_CREDENTIAL = {
  'POST /login': loginContract,
  'a token that the provider is asked about': remoteCheckContract,
  'a mistake in the set-up': setUpContract,
  'a login in an outage of the provider': loginOutageContract,
};

/** The guide's HTTP contract, against the real service, on any provider that holds the testing realm. */
export function guideContract(name: string, startProvider: () => Promise<GuideProvider>): void {
  const parts = {
    ...OF_THE_CREDENTIAL,
    'GET /protected': protectedContract,
    'an outage of the provider': outageContract,
  };
  describeOnStage(name, startProvider, parts);
}

/** The part of it for a service that has another credential than a secret: its routes check tokens as they do with one. */
export function credentialContract(name: string, startProvider: () => Promise<GuideProvider>): void {
  describeOnStage(name, startProvider, OF_THE_CREDENTIAL);
}

function describeOnStage(
  name: string,
  startProvider: () => Promise<GuideProvider>,
  parts: Readonly<Record<string, (stage: Stage) => void>>,
): void {
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

    for (const [title, contract] of Object.entries(parts)) describe(title, () => contract(stage));
  });
}
