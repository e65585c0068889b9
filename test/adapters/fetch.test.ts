import { describeAdapter } from '../contract/adapter/index.ts';
import { FETCH } from './fetch-app.ts';

describeAdapter(FETCH);
