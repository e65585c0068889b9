import { describeAdapter } from '../contract/adapter/index.ts';
import { ADAPTERS } from './all.ts';

describeAdapter(await ADAPTERS['express 5']());
