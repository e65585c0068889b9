import { serve } from '@hono/node-server';
import { buildApp } from './app.ts';
import { host, port, readSettings } from './settings.ts';

const server = serve({ fetch: buildApp(readSettings()).fetch, port, hostname: host }, () => {
  console.log(`Listening at http://${host}:${port}`);
});

// A container ends so: what is under way is answered first.
process.once('SIGTERM', () => server.close(() => process.exit()));
