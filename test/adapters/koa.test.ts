import { describeAdapter } from '../contract/adapter/index.ts';
import { KOA } from './koa-app.ts';

describeAdapter(KOA);
