import { ADAPTER_NAMES, ADAPTERS } from '../adapters/all.ts';
import { NODE } from '../adapters/node-app.ts';
import { testLeftBehind } from './left-behind.ts';

const OTHERS = ADAPTER_NAMES.filter((name) => name !== 'node');

for (const adapter of [...NODE, ...(await Promise.all(OTHERS.map((name) => ADAPTERS[name]())))])
  testLeftBehind(adapter);
