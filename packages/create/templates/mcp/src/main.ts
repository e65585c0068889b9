import { serve } from '@hono/node-server';
import { buildApp } from './app.ts';
import { host, port, readSettings } from './settings.ts';

const settings = readSettings();
const server = serve({ fetch: buildApp(settings).fetch, port, hostname: host }, () => {
  console.log(`MCP server  ${settings.keycloak.clientId}`);
});

// A container ends so: what is under way is answered first.
process.once('SIGTERM', () => server.close(() => process.exit()));
