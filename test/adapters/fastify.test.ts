import { describeAdapter } from '../contract/adapter/index.ts';
import { FASTIFY } from './fastify-app.ts';

describeAdapter(FASTIFY);
