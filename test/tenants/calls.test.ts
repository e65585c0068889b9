import { ADAPTER_NAMES, ADAPTERS } from '../adapters/all.ts';
import { describeTenantCalls } from './calls.ts';

for (const name of ADAPTER_NAMES) describeTenantCalls(await ADAPTERS[name]());
