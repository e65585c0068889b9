import { serve } from '@hono/node-server';
import { buildApp } from './app.ts';
import { host, port, readSettings } from './settings.ts';

const settings = readSettings();
serve({ fetch: buildApp(settings).fetch, port, hostname: host }, () => {
  console.log(`MCP server  ${settings.keycloak.clientId}`);
});
