import { describeMounts } from './mounted-guards.ts';

describeMounts(/^(?:Express|Fastify|Koa|hapi|Node)/);
