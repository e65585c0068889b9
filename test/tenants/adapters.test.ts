import { after } from 'node:test';
import { ADAPTER_NAMES, ADAPTERS } from '../adapters/all.ts';
import { describeTenantCalls } from './calls.ts';
import { describeConfusions } from './confusions.ts';
import { closeIdp, describeSessionConfusions } from './session-confusions.ts';

for (const name of ADAPTER_NAMES) {
  const adapter = await ADAPTERS[name]();
  describeConfusions(adapter);
  describeTenantCalls(adapter);
  describeSessionConfusions(adapter);
}
after(closeIdp);
