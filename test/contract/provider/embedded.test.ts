import { embeddedTarget } from './embedded-target.ts';
import { defineProviderContract } from './suite.ts';

defineProviderContract(embeddedTarget);
