import { startEmbedded } from './embedded-provider.ts';
import { guideContract } from './guide-contract.ts';

guideContract('the embedded provider', () => startEmbedded());
