import { describeBearer } from '../contract/adapter/bearer.ts';
import { EXPRESS } from './express-app.ts';
import { NEST } from './nest-app.ts';

for (const adapter of [...EXPRESS, ...NEST]) describeBearer(adapter);
