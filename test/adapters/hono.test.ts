import { describeAdapter } from '../contract/adapter/index.ts';
import { HONO } from './hono-app.ts';

describeAdapter(HONO);
