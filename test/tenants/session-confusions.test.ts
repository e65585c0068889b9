import { after } from 'node:test';
import { ADAPTER_NAMES, ADAPTERS } from '../adapters/all.ts';
import { closeIdp, describeSessionConfusions } from './session-confusions.ts';

for (const name of ADAPTER_NAMES) describeSessionConfusions(await ADAPTERS[name]());
after(closeIdp);
