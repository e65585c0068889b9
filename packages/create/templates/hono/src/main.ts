import { serve } from '@hono/node-server';
import { buildApp } from './app.ts';
import { host, port, readSettings } from './settings.ts';

serve({ fetch: buildApp(readSettings()).fetch, port, hostname: host }, () => {
  console.log(`Listening at http://${host}:${port}`);
});
