import { toEmbeddedTarget } from './embedded-target.ts';
import { defineProviderContract } from './suite.ts';

defineProviderContract(toEmbeddedTarget(['resource-indicators', 'cimd']), 'features');
