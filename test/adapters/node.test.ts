import { describeAdapter } from '../contract/adapter/index.ts';
import { NODE } from './node-app.ts';

for (const adapter of NODE) describeAdapter(adapter);
