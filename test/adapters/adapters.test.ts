import { describeBearer } from '../contract/adapter/bearer.ts';
import { EXPRESS } from './express-app.ts';

for (const adapter of [...EXPRESS]) describeBearer(adapter);
