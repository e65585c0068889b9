import { describeAdapter } from '../contract/adapter/index.ts';
import { HAPI } from './hapi-app.ts';

describeAdapter(HAPI);
