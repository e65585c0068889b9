import { describeAdapter } from '../contract/adapter/index.ts';
import { EXPRESS } from './express-app.ts';

for (const adapter of EXPRESS.filter(({ name }) => name === 'express 5')) describeAdapter(adapter);
