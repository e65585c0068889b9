import { ADAPTER_NAMES, ADAPTERS } from '../adapters/all.ts';
import { describeConfusions } from './confusions.ts';

for (const name of ADAPTER_NAMES) describeConfusions(await ADAPTERS[name]());
